// The interface of reCAPTCHA's script (v2), implemented with the element <captcha-field>.
(() => {
  // Read from the prototype: an <img name="currentScript"> in the page would shadow it, and choose the module.
  const script = Reflect.get(Document.prototype, "currentScript", document).src;
  const options = new URL(script).searchParams;
  if (typeof window.grecaptcha?.render === "function") return; // already loaded: some pages load it once per form

  const RESPONSE = "g-recaptcha-response";
  const widgets = [];
  const loaded = import(new URL("captcha-field.js", script).href).catch((error) => {
    console.error(error);
    for (const widget of widgets) widget.call("error-callback");
  });
  const parsed = new Promise((resolve) => {
    if (document.readyState !== "loading") resolve();
    else document.addEventListener("DOMContentLoaded", resolve);
  });

  /** Return the function that a parameter or an attribute gives, itself or by the name of a global one. */
  function functionOf(value) {
    const found = typeof value === "function" ? value : value && window[value];
    if (value && typeof found !== "function") console.error(`grecaptcha: there is no function ${value}`);
    return typeof found === "function" ? found : () => {};
  }

  class Widget {
    #field = document.createElement("captcha-field");
    #response = document.createElement("textarea");
    #option; // a parameter of render(), or an attribute
    #length; // characters of the answer, where that is known
    #isFinished = false; // the visitor has left the text
    #isAwaited = false; // by execute()
    #reported; // what the callback was called with

    constructor(container, parameters) {
      this.#option = (name) => (Object.hasOwn(parameters, name) ? parameters[name] : null) ?? container.getAttribute("data-" + name);
      const field = this.#field;
      field.setAttribute("source", this.#option("sitekey"));
      // Its own fields have no names, and so are not sent.
      field.setAttribute("uuid-name", "");
      field.setAttribute("text-name", "");
      const language = options.get("hl");
      if (language) field.lang = language;
      field.style.colorScheme = this.#option("theme") ?? "";
      if (this.#option("size") === "compact") field.style.setProperty("--captcha-width", "12rem");
      this.#response.id = RESPONSE + (widgets.length ? "-" + widgets.length : "");
      this.#response.className = this.#response.name = RESPONSE;
      this.#response.hidden = true;

      field.addEventListener("captcha-ready", ({ detail }) => {
        this.#length = detail.length;
        this.#update(false);
      });
      field.addEventListener("input", () => this.#update(false));
      field.addEventListener("change", () => this.#update(true));
      field.addEventListener("captcha-expired", () => {
        this.update();
        this.call("expired-callback");
      });
      field.addEventListener("captcha-error", () => this.call("error-callback"));
      // What the device has worked out arrives without an event.
      const changes = { attributeFilter: ["value"], subtree: true, childList: true };
      new MutationObserver(() => this.update()).observe(field, changes);
      container.append(field, this.#response);
    }

    /** What siteverify takes; empty while something is missing. */
    get response() {
      const { uuid, code, value } = this.#field;
      const isWorkedOut = code && code !== value + ".";
      return uuid && isWorkedOut && this.#field.matches(":valid") ? `${uuid}.${code}` : "";
    }

    #update(isFinished) {
      this.#isFinished = isFinished;
      this.update();
    }

    update() {
      const response = (this.#response.value = this.response);
      const isComplete = response && (this.#length || this.#isFinished || !this.#field.value);
      if (!isComplete || response === this.#reported) return;
      if (this.#option("size") === "invisible" && !this.#isAwaited) return;
      this.#reported = response;
      this.#isAwaited = false;
      this.call("callback", response);
    }

    call(name, ...values) {
      functionOf(this.#option(name))(...values);
    }

    execute() {
      this.#reported = "";
      this.#isAwaited = true;
      this.#update(true);
      if (this.#isAwaited) this.#field.focus();
    }

    reset() {
      this.#reported = "";
      customElements.whenDefined("captcha-field").then(() => this.#field.refresh());
    }
  }

  function find(id = 0) {
    if (!Object.hasOwn(widgets, id)) throw new Error("grecaptcha: there is no widget " + id);
    return widgets[id];
  }

  function render(container, parameters = {}) {
    const element = typeof container === "string" ? document.getElementById(container) : container;
    if (!element) throw new Error("grecaptcha: there is no element " + container);
    if (element.matches("button, input")) throw new Error("grecaptcha: a button cannot hold a captcha, use a div");
    if (element.querySelector("captcha-field")) throw new Error("grecaptcha: this element has a captcha already");
    return widgets.push(new Widget(element, parameters)) - 1;
  }

  function ready(callback) {
    loaded.then(() => callback());
  }

  // Before the element's own listener, which may hold a form back, and before those of the page.
  addEventListener("submit", () => widgets.forEach((widget) => widget.update()), true);

  window.grecaptcha = {
    render,
    ready,
    reset: (id) => find(id).reset(),
    execute: (id) => find(id).execute(),
    getResponse: (id) => find(id).response,
  };
  const awaiting = window.___grecaptcha_cfg?.fns; // the stub in Google's documentation puts them there
  if (Array.isArray(awaiting)) awaiting.forEach(ready);

  Promise.all([loaded, parsed]).then(() => {
    const mode = options.get("render") ?? "onload";
    if (!/^(onload|explicit)$/.test(mode)) console.error("grecaptcha: reCAPTCHA v3 has no counterpart here");
    if (mode === "onload") {
      for (const element of document.querySelectorAll(".g-recaptcha[data-sitekey]:not(:has(captcha-field))")) {
        try {
          render(element);
        } catch (error) {
          console.error(error);
        }
      }
    }
    functionOf(options.get("onload"))();
  });
})();
