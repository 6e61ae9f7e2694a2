// Two elements for pages of your own, without anything to install:
//
//   <script type="module" src="https://billing.example.com/wallet/components.js"></script>
//   <chargly-balance href="https://billing.example.com/wallet/live/wt_…"></chargly-balance>
//   <chargly-paywall href="…"></chargly-paywall>
//
// `href` is the `url` that your backend got from `POST /v1/customers/{customer}/wallet-links`. When bought credits have
// arrived, `chargly:credited` is sent from the element, with `credits` and `balance` in its `detail`.

const LOOK_AGAIN_MS = 3000;

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
  :host { display: inline-block; font: inherit; color: inherit; color-scheme: light dark; }
  :host(chargly-paywall) { display: block; }
  [hidden] { display: none; }
  ul { display: grid; gap: 0.5rem; margin: 0.5rem 0 0; padding: 0; list-style: none; }
  li { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; justify-content: space-between;
       padding: 0.75rem 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 0.5rem; }
  small { display: block; opacity: 0.8; }
  button { min-height: 2.25rem; padding: 0.375rem 0.875rem; border: 1px solid currentColor; border-radius: 0.5rem;
           background: transparent; color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
  button:hover { background: color-mix(in srgb, currentColor 8%, transparent); }
  :focus-visible { outline: 3px solid; outline-offset: 2px; }
  p { margin: 0.25rem 0; }
`);

const make = (name, words, ...within) => {
  const element = document.createElement(name);
  if (words) element.textContent = words;
  element.append(...within);
  return element;
};

class Wallet extends HTMLElement {
  static observedAttributes = ["href"];

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [STYLE];
  }

  connectedCallback() {
    this.refresh();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.refresh();
  }

  /** Reads the wallet again and shows it. */
  async refresh() {
    const href = this.getAttribute("href");
    if (!href) return;
    clearTimeout(this.timer);
    const back = this.waits ? "?back=1" : "";
    const response = await fetch(`${href}/state${back}`, { credentials: "omit" }).catch(() => null);
    if (href !== this.getAttribute("href")) return;
    const state = response?.ok ? await response.json() : null;
    this.take(state);
    this.show(state, response?.status === 404);
    if (this.waits) this.timer = setTimeout(() => this.refresh(), LOOK_AGAIN_MS);
  }

  /* Credits that have arrived since the last look are told once. */
  take(state) {
    if (!state) return;
    const arrived = state.arrived?.at ?? "";
    if (this.arrived !== undefined && arrived && arrived !== this.arrived) {
      this.waits = false;
      const detail = { credits: state.arrived.credits, balance: state.available };
      this.dispatchEvent(new CustomEvent("chargly:credited", { detail, bubbles: true, composed: true }));
    }
    this.arrived = arrived;
  }

  put(...content) {
    this.shadowRoot.replaceChildren(...content);
  }

  /* What there is to say where there is no wallet to show. */
  missing(hasEnded) {
    return make("span", hasEnded ? "This link has ended." : "Your credits cannot be shown at the moment.");
  }
}

/** `<chargly-balance href>`: how many credits there are. */
class Balance extends Wallet {
  show(state, hasEnded) {
    this.put(state ? make("span", state.balance) : this.missing(hasEnded));
  }
}

/** `<chargly-paywall href>`: what there is to buy, and that it is on its way. */
class Paywall extends Wallet {
  show(state, hasEnded) {
    if (!state) return this.put(this.missing(hasEnded));
    const status = make("p");
    status.setAttribute("role", "status");
    status.textContent = state.pending ? "Pending: your credits arrive when the payment does." : "";
    const packs = state.packs.map((pack) => {
      const words = make("div", "", make("strong", pack.name), ` ${pack.credits}`);
      for (const line of [pack.audience, pack.discount].filter(Boolean)) words.append(make("small", line));
      const button = make("button", pack.price);
      button.setAttribute("aria-label", `Buy ${pack.name} for ${pack.price}`);
      button.addEventListener("click", () => this.buy(pack, button, status));
      return make("li", "", words, button);
    });
    this.put(make("p", `You have ${state.balance}.`), status, make("ul", "", ...packs));
  }

  async buy(pack, button, status) {
    // Opened before anything is waited for: later, a browser would take it for an unasked window.
    const tab = window.open("", "_blank");
    button.disabled = true;
    const order = new URLSearchParams({ pack: pack.code });
    const href = this.getAttribute("href");
    const response = await fetch(`${href}/checkout`, { method: "POST", body: order, credentials: "omit" }).catch(() => null);
    const { url } = response?.ok ? await response.json() : {};
    button.disabled = false;
    if (!url) {
      tab?.close();
      status.textContent = "That did not work. Nothing was charged; try again in a moment.";
      return;
    }
    if (tab) {
      tab.opener = null;
      tab.location = url;
    } else {
      window.location.assign(url);
    }
    this.waits = true;
    this.timer = setTimeout(() => this.refresh(), LOOK_AGAIN_MS);
  }
}

customElements.define("chargly-balance", Balance);
customElements.define("chargly-paywall", Paywall);
