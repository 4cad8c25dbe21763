/* Ledgerwire: link a Xero organisation in a window of its own.
 *
 *   <script src="https://ledgerwire.example/connect/link.js"></script>
 *
 *   button.onclick = () => Ledgerwire.link({ url: addressFromYourServer })
 *     .then(({ tenant_id, name, tenants }) => …)
 *     .catch((error) => …);                        // error.code says why
 *
 * Call it from a click, or browsers block the window. `url` is the address that your server got
 * from POST /v1/link_sessions, or a function that fetches it, or a promise of it. Without `url`
 * `externalId` and `tenantId` may be given; such a name is unverified.
 *
 * What a page hears can be made up by whoever runs the page. Your server should believe
 * GET /v1/link_sessions/{id} or the control topic instead.
 *
 * Codes of its own: popup_blocked, popup_closed, superseded, aborted, address_failed,
 * address_refused. All others are those of the pages: docs/linking.md lists them.
 */
(() => {
  "use strict";

  const HOME = new URL(".", document.currentScript.src); // …/connect/
  const MESSAGE = "ledgerwire.link";
  const LOOK_EVERY_MS = 250;
  const LAST_WORDS_MS = 600; // a message sent just before closing may come after it
  let waiting = null;

  class LinkError extends Error {
    constructor(code, message) {
      super(message);
      this.name = "LinkError";
      this.code = code;
    }
  }

  function open(width, height) {
    const left = Math.max(0, window.screenX + (window.outerWidth - width) / 2);
    const top = Math.max(0, window.screenY + (window.outerHeight - height) / 2);
    const features = `popup,width=${width},height=${height},left=${left},top=${top}`;
    return window.open("about:blank", `ledgerwire-link-${Date.now()}`, features);
  }

  async function start({ url, externalId, tenantId }) {
    let told;
    try {
      told = await (typeof url === "function" ? url() : url);
    } catch (error) {
      throw new LinkError("address_failed", `No address to open: ${error}`);
    }
    const address = new URL(told || HOME.href.replace(/\/$/, ""));
    if (address.origin !== HOME.origin) {
      throw new LinkError("address_refused", `${address.origin} is not where link.js came from.`);
    }
    if (!told && externalId) address.searchParams.set("external_id", externalId);
    if (!told && tenantId) address.searchParams.set("tenant_id", tenantId);
    address.searchParams.set("opener", window.location.origin);
    return address;
  }

  function outcome({ code, message, tenants }) {
    if (code) throw new LinkError(code, message);
    return { tenant_id: tenants[0].tenant_id, name: tenants[0].name, tenants };
  }

  // The window is gone without a word. A browser may have hidden it from us (Xero's pages may ask
  // for that), so a session is asked how it ended.
  async function lastWords(address) {
    const session = address.searchParams.get("session");
    if (session) {
      const asked = new URL("outcome", HOME);
      asked.searchParams.set("session", session);
      const told = await fetch(asked).then((answer) => answer.json()).catch(() => ({}));
      if (told.state === "linked" || told.code) return outcome(told);
    }
    throw new LinkError("popup_closed", "The window was closed before anything was linked.");
  }

  function listen(popup, address, signal) {
    let finish;
    const ended = new Promise((resolve, reject) => {
      let closedAt = null;
      const hear = (event) => {
        const ours = event.origin === HOME.origin && event.source === popup;
        if (ours && event.data && event.data.type === MESSAGE) {
          resolve(event.data);
        }
      };
      const look = setInterval(() => {
        if (!popup.closed) return;
        closedAt ??= Date.now();
        if (Date.now() - closedAt >= LAST_WORDS_MS) resolve(null);
      }, LOOK_EVERY_MS);
      const abort = (code, message) => {
        reject(new LinkError(code, message));
        popup.close();
      };
      const aborted = () => abort("aborted", "The page no longer waits.");
      waiting = () => abort("superseded", "Linking was begun anew.");
      window.addEventListener("message", hear);
      if (signal) signal.addEventListener("abort", aborted);
      finish = () => {
        clearInterval(look);
        window.removeEventListener("message", hear);
        if (signal) signal.removeEventListener("abort", aborted);
      };
    });
    return ended.finally(finish).then((told) => (told ? outcome(told) : lastWords(address)));
  }

  async function link(options = {}) {
    if (waiting) waiting();
    waiting = null;
    const popup = open(options.width || 560, options.height || 720);
    if (!popup) {
      throw new LinkError("popup_blocked", "The browser blocked the window: link from a click.");
    }
    let address;
    try {
      address = await start(options);
    } catch (error) {
      popup.close();
      throw error;
    }
    const ended = listen(popup, address, options.signal);
    popup.location.replace(address);
    return ended;
  }

  window.Ledgerwire = Object.freeze({ link, LinkError });
})();
