//! The protocol: the one module that knows the crate `rmcp`.
//!
//! Both eras are served: clients that begin with `initialize`, and those of 2026-07-28, whose every message stands alone.
//! No message leaves anything behind: there are no sessions, and any replica can answer.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool as Listed,
    ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, ServiceExt as _};

use crate::api::{Api, Nonce};
use crate::args;
use crate::call::call;
use crate::http::MESSAGE_BYTES_MAX;
use crate::tool::{Effect, Tool};
use crate::tools::{INSTRUCTIONS, TOOLS};

static LISTED: LazyLock<Vec<Listed>> = LazyLock::new(|| TOOLS.iter().map(|tool| listed(tool)).collect());

fn listed(tool: &Tool) -> Listed {
    let description = format!("{} Scope of the key: {}.", tool.description, tool.scope);
    let output = match (tool.output)() {
        serde_json::Value::Object(schema) => schema,
        _ => serde_json::Map::new(),
    };
    let annotations = ToolAnnotations::with_title(tool.title)
        .read_only(tool.effect == Effect::Reads)
        .destructive(tool.effect == Effect::Takes)
        // Repeated without a key, what spends would spend again.
        .idempotent(tool.effect == Effect::Reads)
        .open_world(false);
    Listed::new(tool.name, description, args::schema(tool))
        .with_title(tool.title)
        .with_raw_output_schema(Arc::new(output))
        .with_annotations(annotations)
}

/// Answers messages.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) api: Arc<dyn Api>,
    pub(crate) software: &'static str,
    pub(crate) nonce: Nonce,
}

impl ServerHandler for Door {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let mut config = ServerConfig::new(capabilities).with_instructions(INSTRUCTIONS);
        config.server_info = Implementation::new("chargly", self.software).with_title("Chargly");
        config
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(LISTED.clone()))
    }

    fn get_tool(&self, name: &str) -> Option<Listed> {
        LISTED.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = TOOLS.iter().find(|tool| tool.name == request.name) else {
            // Not told again: it may be anything that was pasted into the wrong place.
            return Err(ErrorData::invalid_params("there is no tool of this name; tools/list has all", None));
        };
        let none = HeaderMap::new();
        let headers = context.extensions.get::<Parts>().map_or(&none, |parts| &parts.headers);
        let called =
            call(tool, self.api.as_ref(), headers, request.arguments.unwrap_or_default(), self.nonce).await;
        let result = match called {
            Ok(answer) => CallToolResult::structured(answer),
            // As text alone: clients hold what is structured against the schema of an answer, and this is none.
            Err(problem) => CallToolResult::error(vec![ContentBlock::text(problem.to_string())]),
        };
        Ok(result.into())
    }
}

/// The door over HTTP, at `path`.
pub(crate) fn streamable_http(path: &str, door: Door, hosts: &[String], origins: &[String]) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts(hosts)
        .with_allowed_origins(origins)
        .enforce_origin_validation()
        .with_max_request_body_bytes(MESSAGE_BYTES_MAX);
    let sessions = Arc::new(NeverSessionManager::default());
    Router::new().route_service(path, StreamableHttpService::new(move || Ok(door.clone()), sessions, config))
}

/// Serves one client over standard input and output, until it closes them.
///
/// # Errors
/// When the client does not speak the protocol, or the streams break.
pub async fn serve_stdio(api: Arc<dyn Api>, software: &'static str, nonce: Nonce) -> Result<(), String> {
    let served = Door { api, software, nonce }.serve(rmcp::transport::stdio()).await;
    let running = served.map_err(|error| error.to_string())?;
    running.waiting().await.map(|_| ()).map_err(|error| error.to_string())
}
