//! A person looking at a page: who, where, in whose name the API is asked, and what the address says.

use std::sync::Arc;

use chargly_engine::{Environment, PLAYGROUND};
use chargly_http::Project;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::api::{Api, Target};
use crate::json::Json;
use crate::look::Currency;
use crate::people::{People, Person, Role};
use crate::pressed::Pressed;
use crate::sample::SampleData;
use crate::serve::Form;
use crate::state::{Span, State, zone_of};
use crate::trouble::Trouble;

/// One request of a page.
pub(crate) struct Visit {
    pub(crate) project: Arc<Project>,
    pub(crate) env: Arc<Environment>,
    pub(crate) api: Api,
    pub(crate) person: Person,
    /// What a form has to bring to be of this session.
    pub(crate) csrf: String,
    pub(crate) people: Arc<People>,
    /// The session's token: which one stays when the others end.
    pub(crate) session: String,
    /// Where chance comes from.
    pub(crate) nonce: fn() -> [u8; 16],
    /// From the page's path to the door's root: `../../`.
    pub(crate) root: String,
    /// The path of the page's place in the navigation.
    pub(crate) section: &'static str,
    /// What a form had that nothing was done with: it is shown again as it was typed.
    pub(crate) typed: Form,
    /// Parts of the path that vary.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) state: State,
    /// Where this server is reached, as the browser asked for it: `http://127.0.0.1:8080`.
    pub(crate) address: String,
    /// Who makes sample data, where it can be made.
    pub(crate) sample: Option<Arc<dyn SampleData>>,
    /// Forms of late whose calls take no idempotency key.
    pub(crate) pressed: Arc<Pressed>,
}

impl Visit {
    /// A part of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A key for one form: sent twice, it is done once.
    pub(crate) fn fresh_key(&self) -> String {
        (self.nonce)().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Makes what has a secret, whose call takes no key of its own: a form sent twice gets what the first one made.
    pub(crate) async fn once(&self, form: &Form, target: Target, body: String) -> Result<Json, Trouble> {
        // Without its key a form sent twice would be done twice.
        let key = form.some("key").ok_or(Trouble::Stale)?;
        let target = String::from(target);
        // What was typed anew into the same form is another wish.
        let form = format!("{} {key} {target} {body}", self.session);
        self.pressed.once(&form, self.api.send("POST", target, body, None)).await
    }

    /// Refuses who may not do something.
    pub(crate) fn needs(&self, role: Role) -> Result<(), Trouble> {
        if self.person.role < role { Err(Trouble::Role(role.name())) } else { Ok(()) }
    }

    /// What every form of the page has to carry. Where nobody knows what became of it, its key stays.
    pub(crate) fn form_fields(&self, action: &str) -> Markup {
        let key = match self.typed(action, "key") {
            "" => self.fresh_key(),
            again => again.to_owned(),
        };
        html! {
            input type="hidden" name="csrf" value=(self.csrf);
            input type="hidden" name="key" value=(key);
            input type="hidden" name="action" value=(action);
        }
    }

    /// What was typed into a field of this form, where nothing was done with it.
    pub(crate) fn typed(&self, action: &str, field: &str) -> &str {
        if self.typed.get("action") == action { self.typed.get(field) } else { "" }
    }

    /// The same, with the spaces around it.
    pub(crate) fn typed_raw(&self, action: &str, field: &str) -> &str {
        if self.typed.get("action") == action { self.typed.raw(field) } else { "" }
    }

    /// The link to a page of this environment, in the same range.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}dashboard/{}/{path}{}", self.root, self.env.name(), self.state.range_query())
    }

    /// The link to a page about something of anybody's making.
    pub(crate) fn link_to(&self, path: &str, of: &str) -> String {
        let target: String = Target::new(path).part(of).into();
        self.link(&target)
    }

    /// The environments that can be looked at: test and live, others while one is there.
    pub(crate) fn environments(&self) -> Vec<String> {
        let names = self.project.all().into_iter().map(|env| env.name().to_owned());
        names.filter(|name| name != PLAYGROUND || self.env.name() == PLAYGROUND).collect()
    }

    /// The range that is asked for.
    pub(crate) fn span(&self) -> Span {
        Span::of(&self.state, &self.env, self.env.wall_ms())
    }

    /// The currency and time zone of figures.
    pub(crate) fn terms(report: &Json) -> (Currency, TimeZone) {
        (Currency::of(report.get("currency").text()), zone_of(report.get("time_zone").text()))
    }

    /// Answers of several routes, asked at once.
    pub(crate) async fn all<const N: usize>(&self, targets: [Target; N]) -> Result<[Json; N], Trouble> {
        let answers = futures_util::future::try_join_all(targets.map(|target| self.api.get(target))).await?;
        answers.try_into().map_err(|_| Trouble::Internal)
    }
}
