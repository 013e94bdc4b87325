// The element <captcha-field source="login">: a captcha in a form, loaded from the JSON routes.

// Lines between these marks are replaced in the npm package.
// <served>
const BASE = new URL("../..", import.meta.url).href; // a copy elsewhere needs the attribute `base`
const [DIGEST] = import.meta.url.match(/[\da-f]{16}(?=\/[^/]*$)/) ?? ["latest"]; // of the texts that belong to this script
// </served>
// How long to wait for a response, before another automatic request, and before the same captcha may be sent again.
const PATIENCE_MS = 10_000;
// What it says until it has texts, and if there are none.
const NO_TEXTS = { failed: "The captcha could not be loaded. Please try again.", retry: "Try again" };
const PARTS = ["seen", "heard", "alt", "missing"]; // of the texts for a kind
const loading = {}; // texts, by URL

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function makeButton(path) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", true);
  icon.append(document.createElementNS(icon.namespaceURI, "path"));
  icon.firstChild.setAttribute("d", path);
  return make("button", { type: "button", part: "button" }, icon, make("span"));
}

// Write a text only if it has changed: a screen reader would announce it again, and a page may have been translated.
function write(element, text) {
  if (element.written !== text) element.textContent = element.written = text;
}

/** The nearest `lang`, also outside the shadow roots around the element. */
function tagOf(element) {
  let tag;
  for (let node = element; node && !tag; node = node.getRootNode().host) tag = node.closest("[lang]")?.lang;
  return tag || navigator.language;
}

/** The URL of the captcha routes. */
function routesOf(element) {
  return (element.getAttribute("base") ?? BASE).replace(/[/\s]*([?#].*)?$/s, "");
}

/** The URL of the texts for the page's language. The server decides which of its languages serves a tag. */
function textsUrlOf(element) {
  return `${routesOf(element)}/static/${DIGEST}/${tagOf(element).match(/[\w-]*/)}.json`;
}

/** Load a file. undefined if that is not possible. */
async function load(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) return await response.text();
  } catch {
    // no connection
  }
}

/** Load the texts at a URL, once for all elements. undefined if that is not possible. */
async function loadTexts(url) {
  try {
    return JSON.parse(await (loading[url] ??= load(url)));
  } catch {
    delete loading[url];
  }
}

/** Whether the page is dark: by its color-scheme if that names a single one, else by the visitor's preference. */
function isDark(element) {
  const scheme = getComputedStyle(element).colorScheme.split(" only")[0];
  return scheme === "dark" || (scheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/**
 * Count what the server would compare, or more: it accepts no text that is counted as shorter than the answer. It
 * ignores the same characters (Folding in challenges/folding.py), and of dashes in digits those between two.
 */
export function countCharacters(text, kind) {
  const ignored = kind === "digits" ? /[\s\p{Cf}\p{Pd}−]/gu : /[\s\p{Cf}]/gu;
  return [...text.normalize("NFKC").toLowerCase().toUpperCase().replace(ignored, "")].length;
}

/** Nothing on the page has the focus or asks for it. */
function isFocusFree() {
  const other = document.querySelector("[autofocus]:not(captcha-field *)");
  return document.hasFocus() && document.activeElement === document.body && !other;
}

/** Reject if the browser cannot or must not play a sound. If nothing is preloaded, there is no event. */
function isPlayable(src) {
  return new Promise((resolve, reject) => {
    const audio = make("audio", { src });
    audio.onloadedmetadata = resolve;
    audio.onerror = reject;
    setTimeout(resolve, 1000);
  });
}

const sheet = globalThis.CSSStyleSheet && new CSSStyleSheet();

// Without a DOM, as in Node, importing this file does nothing.
class CaptchaField extends (globalThis.HTMLElement ?? Object) {
  static formAssociated = true;
  static observedAttributes = ["source", "base", "error", "nosound", "form", "uuid-name", "text-name"];

  #internals = this.attachInternals();
  // What the form sends: children, because jQuery's serialize() and htmx 1 do not see the value of a custom element.
  #fields = [0, 1].map(() => make("input", { type: "hidden", autocomplete: "off" }));
  #morphs = new MutationObserver(() => this.#adopt());
  #ui;
  #clock; // set once started
  #sight = new IntersectionObserver((entries) => {
    this.#isVisible = entries.at(-1).isIntersecting;
    this.#tick();
  });
  #isVisible;
  #attempt = 0;
  #isBusy = false;
  #form = "image";
  #kind;
  #length; // characters of the answer, where that is known
  #hints = ""; // keys of the texts that say what is known of the answer
  #isSilent = false; // the source has no sound
  #uuid = "";
  #hasFailed = false; // there is no captcha because none could be loaded
  #lifetime;
  #expiresAt;
  #waitUntil = 0; // no request before, after a 429
  #restUntil = 0; // no automatic request before
  #isOwed = false; // a 429 refused the captcha that is lacking, so the widget asks again by itself
  #tokens; // valid for the captcha: the one sent and the one returned
  #texts = NO_TEXTS;
  #textsUrl;
  #translated; // a promise: they are loaded, or cannot be
  #note; // a key of the texts
  #error; // "wrong" or "expired", or a text from the page
  #getToken;
  #puzzle; // what the device has to work out
  #solution = "";
  #work; // of captcha-work.js, once loaded
  #offersWork = false; // instead of reading
  #held; // a submit that waits for the solution
  #sent; // the uuid that a submit has sent
  #sentAt;
  #listeners; // aborted when disconnected

  constructor() {
    super();
    const ui = (this.#ui = {
      image: make("img", { part: "picture" }),
      audio: make("audio"),
      show: makeButton("M3 5h18v14H3zM3 18l6-7 5 5 3-3 4 4"),
      refresh: makeButton("M20 11a8 8 0 1 0-2 6M20 4v7h-7"),
      listen: makeButton("M4 9v6h4l4 4V5L8 9zM16 9a5 5 0 0 1 0 6M18 5a9 9 0 0 1 0 14"),
      label: make("label", { for: "text", part: "label" }),
      hint: make("p", { id: "hint", class: "captcha-hint", part: "hint" }),
      input: make("input", {
        id: "text", part: "input", dir: "ltr", required: "", maxlength: 64, autocomplete: "off", autocapitalize: "off",
        autocorrect: "off", spellcheck: "false", translate: "no", "aria-describedby": "error hint",
      }),
      error: make("p", { id: "error", class: "captcha-error error", part: "error", dir: "auto" }),
      note: make("p", { part: "note" }),
    });
    ui.frame = make("div", { class: "captcha-frame", part: "frame" }, ui.image, ui.show, ui.audio);
    ui.group = make(
      "fieldset", { class: "captcha-field" },
      make("div", { class: "captcha-row" }, ui.frame, make("div", { class: "captcha-buttons" }, ui.refresh, ui.listen)),
      ui.label, ui.input, ui.hint, make("div", { role: "status" }, ui.error, ui.note),
    );
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(ui.group);

    ui.image.onerror = ui.audio.onerror = ({ target }) => {
      if (target !== ui[this.#form] || !this.#uuid) return;
      this.#uuid = ""; // came with the page, and is blocked by its policy
      this.#fail(this.#form, { status: 0 });
    };
    ui.audio.onplay = ui.audio.onpause = () => this.#render();
    ui.refresh.onclick = () => this.#load(this.#form);
    ui.listen.onclick = () => (this.#form === "audio" && this.#uuid ? this.#play() : this.#load("audio"));
    ui.show.onclick = () => this.#load("image");
    ui.input.oninput = () => {
      if (!this.#hasFailed) this.#error = "";
      this.#sent = "";
      this.#release();
      this.#render();
    };
    ui.input.onchange = () => this.dispatchEvent(new Event("change", { bubbles: true }));
    ui.input.onkeydown = (event) => {
      // In Safari, 229 is the Return that ends a composition.
      if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.repeat) return;
      setTimeout(() => event.defaultPrevented || this.#submit()); // after the listeners of the page
    };
    this.onclick = (event) => {
      if (event.composedPath()[0] === this) this.focus(); // from a label outside
    };
    // Frameworks may set these before the element is defined. As own properties they would hide the accessors.
    for (const name of ["value", "token"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
  }

  /** The typed text. */
  get value() {
    return this.#ui.input.value;
  }

  set value(text) {
    this.#ui.input.value = text ?? "";
    this.#render();
  }

  /** A function of the page that returns its JWT, or nothing. Never reflected to an attribute. */
  get token() {
    return this.#getToken;
  }

  set token(getToken) {
    this.#getToken = getToken;
  }

  get uuid() {
    return this.#uuid;
  }

  /** What to send as the text: the typed one and, if the source asks for it, what the device has worked out. */
  get code() {
    return this.#fields[1].value;
  }

  focus(options) {
    this.#ui.input.focus(options);
  }

  /** Discard the captcha, which is spent, and load another of the same form. */
  refresh() {
    this.#drop();
    this.#tick();
  }

  /** The same after a rejected submit: show the message and focus the field. */
  reject(message = "wrong") {
    this.refresh();
    this.#error = message;
    this.#render();
    this.focus();
  }

  connectedCallback() {
    if (document.readyState !== "loading") this.#start();
    else document.addEventListener("DOMContentLoaded", () => this.isConnected && this.#start());
  }

  disconnectedCallback() {
    clearInterval(this.#clock);
    this.#listeners?.abort();
    this.#sight.disconnect();
    this.#morphs.disconnect();
    this.#ui.audio.pause();
  }

  attributeChangedCallback(name, before, now) {
    if (name === "error") this.#error = now;
    if (/^(source|base)$/.test(name)) {
      this.#isSilent = false;
      if (this.#clock) this.#drop();
    }
    this.#render();
  }

  formResetCallback() {
    if (!this.#hasFailed) this.#error = "";
    this.#release();
    this.value = "";
  }

  formDisabledCallback(isDisabled) {
    for (const control of [this.#ui.group, ...this.#fields]) control.disabled = isDisabled;
  }

  /** Do what Return in a text field does. A form's controls may be named like its own members, and hide them. */
  #submit() {
    const { form } = this.#internals;
    if (!form) return;
    const member = (name) => Reflect.get(HTMLFormElement.prototype, name, form);
    const button = [...member("elements")].find((element) => element.type === "submit");
    if (button) button.click();
    else member("requestSubmit").call(form);
  }

  #start() {
    this.disconnectedCallback(); // in case it was moved while the document was loading
    this.#translate();
    this.#adopt();
    this.#morphs.observe(this, { childList: true });
    this.#sight.observe(this.#ui.group); // a captcha that nobody sees is not loaded
    this.#clock = setInterval(this.#tick, 1000); // expiry, waits, token, language
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    addEventListener("pageshow", this.#onPageShow, { signal });
    const root = this.getRootNode(); // a submit does not leave a shadow root
    const target = root === document ? window : root;
    target.addEventListener("submit", this.#hold, { signal, capture: true }); // before the listeners of the page
    target.addEventListener("submit", this.#onSubmit, { signal });
    target.addEventListener("focusin", this.#onFocus, { signal });
    if (this.hasAttribute("work")) {
      this.#offersWork = true;
      this.#employ();
    }
  }

  /**
   * Take over the captcha that the server rendered, and what was typed for it. A morph (Turbo, idiomorph) renders it
   * into an element that has one already, which may have been spent: the server's is used, or none if it is lazy.
   */
  #adopt() {
    // What is known of a captcha that is yet to be requested.
    if (!this.#clock) ({ kind: this.#kind, length: this.#length, hints: this.#hints = "" } = this.dataset);
    const [uuid, medium, input] = this.querySelectorAll(".captcha-field :is([type=hidden], [src], [required])");
    if (this.#clock && this.querySelector(".captcha-field")) this.#drop();
    if (uuid) {
      this.#error = this.getAttribute("error");
      this.#form = medium.localName === "audio" ? "audio" : "image";
      this.#ui[this.#form].src = medium.src;
      this.#note = this.#form === "audio" ? "hidden" : this.#clock && "changed";
      this.#accept(uuid.value, this.dataset);
      // If it came with the page, its lifetime began when the page was requested.
      if (document.readyState !== "complete") this.#expiresAt -= performance.now();
      this.#tokens = [""];
      this.#ui.input.value ||= input.value;
      if (input.matches(":focus")) this.focus();
      // htmx removes what it replaces after it has inserted this, and the old form's button has the focus until then.
      else if (this.#error && !this.#clock) queueMicrotask(() => isFocusFree() && this.focus());
    }
    this.replaceChildren(...this.#fields); // nothing else, or it would be submitted as well
    this.#morphs.takeRecords();
    this.#render();
    if (uuid) this.#emit("captcha-ready", { form: this.#form, length: this.#length });
  }

  #accept(uuid, { kind, length, hints, expiresIn, puzzle }) {
    this.#rest();
    this.#uuid = uuid;
    this.#puzzle = puzzle;
    this.#solution = "";
    if (puzzle) this.#employ();
    this.#kind = kind;
    this.#length = length;
    this.#hints = hints ?? "";
    this.#hasFailed = false;
    this.#lifetime = 1000 * expiresIn || Infinity;
    this.#expiresAt = Date.now() + this.#lifetime;
  }

  #onPageShow = (event) => {
    this.#sent = "";
    if (event.persisted) this.#drop(); // back from the page it was submitted to
  };

  /** Keep a second click from sending the same captcha: the visitor would see it refused, not what the first one did. */
  #onSubmit = (event) => {
    if (event.target !== this.#internals.form || event.defaultPrevented || !this.#uuid) return;
    if (this.#sent === this.#uuid && Date.now() < this.#sentAt + PATIENCE_MS) return event.preventDefault();
    this.#sent = this.#uuid;
    this.#sentAt = Date.now();
    // A later listener of the page may send the form by itself.
    setTimeout(() => event.defaultPrevented && (this.#sent = ""));
  };

  /** Load the script that solves puzzles. It starts once the visitor is in the form, or waits for the solution. */
  async #employ(isWanted = this.#form === "work" || this.hasAttribute("eager") || this.#isFocused()) {
    const module = await import("./captcha-work.js").catch(() => {}); // no connection
    if (!module) {
      if (this.#held) this.#fail(this.#form, { status: 0 });
      return (this.#held = null);
    }
    this.#work ??= new module.Work({
      makeButton,
      row: this.#ui.frame.parentNode,
      status: this.#ui.group.lastChild,
      load: () => this.#load("work"),
      solved: (solution) => {
        this.#solution = solution;
        if (/^work/.test(this.#note)) this.#note = "worked";
        this.#render();
        const held = this.#held;
        this.#held = null;
        // Not if the page has removed the widget meanwhile: the form would go out without a captcha.
        if (held && this.isConnected) HTMLFormElement.prototype.requestSubmit.call(held.target, held.submitter);
      },
    });
    if (isWanted && this.#puzzle && !this.#solution && !this.#work.isRunning) this.#work.start(this.#puzzle);
    this.#render();
  }

  #isFocused() {
    const { activeElement } = this.getRootNode();
    return activeElement === this || this.#internals.form?.contains(activeElement);
  }

  /** Whether a lazy widget should have a captcha. A visitor who was told that theirs has expired gets the next one. */
  #isWanted() {
    if (!this.#uuid && this.#error === "expired") return true;
    // These buttons request one when they are pressed, which gives them the focus first.
    const { refresh, listen } = this.#ui;
    return this.#isFocused() && (this.#uuid || ![refresh, listen].includes(this.shadowRoot.activeElement));
  }

  #onFocus = () => {
    this.#tick();
    if (this.#puzzle && !this.#solution && this.#isFocused()) this.#employ(true);
  };

  /** Let a submit wait until the device has worked the puzzle out. */
  #hold = (event) => {
    if (event.target !== this.#internals.form || !this.#puzzle || this.#solution || !this.#uuid) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#held = event;
    this.#note = "working";
    this.#employ(true);
  };

  /** Forget a submit that waits: what it would send has changed. */
  #release() {
    if (this.#held) this.#note = this.#held = null;
  }

  /** Forget the puzzle, and a submit that waits for it. */
  #rest() {
    this.#work?.stop();
    this.#puzzle = this.#held = null;
  }

  #tick = () => {
    const now = Date.now();
    const wait = this.#waitUntil;
    if (wait && now >= wait) this.#waitUntil = this.#note = 0;
    this.#translate();
    const isUntouched = !this.value && this.#form === "image";
    const endsSoon = now >= this.#expiresAt - Math.min(this.#lifetime / 4, 60_000);
    if (this.#uuid && !isUntouched && endsSoon) {
      if (now >= this.#expiresAt) this.#expire(); // even if not seen: it might be sent
      else if (this.#form !== "work") this.#note = "soon";
    }
    if (wait || this.#note === "soon") this.#render();
    if (!this.#isVisible || document.hidden || this.#isBusy) return;
    if (this.hasAttribute("lazy") && !this.#isWanted()) return;

    if (this.#tokens && !this.#tokens.includes(this.#token())) this.#drop();
    if (now < this.#restUntil) return;
    if (this.#uuid ? isUntouched && endsSoon : !this.#hasFailed || (isUntouched && this.#isOwed)) {
      this.#load(this.#form, false, false);
    }
  };

  #token() {
    return this.#getToken?.() || "";
  }

  /** Discard a useless captcha. The next tick loads another if the element is visible. */
  #drop() {
    this.#uuid = this.#error = "";
    this.#hasFailed = false;
    this.#tokens = null;
    this.#attempt++;
    this.#rest();
    this.#isBusy = false;
    this.#restUntil = 0;
    this.#clear();
  }

  /** Empty the field, and tell the page as if the visitor had done it. */
  #clear() {
    const isChange = this.value;
    this.value = "";
    if (isChange) this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Go on with the next picture, also after a sound: nobody may be there any more to hear one. */
  #expire() {
    this.#drop();
    this.#ui.audio.pause();
    this.#form = "image";
    this.#note = "";
    this.#error = "expired";
    this.#render();
    this.#emit("captcha-expired");
  }

  async #load(form, willPlay = form === "audio", isWanted = true) {
    if (this.#waitUntil) return;
    this.#isOwed = false;
    if (willPlay) this.#ui.audio.load(); // within the click, or WebKit refuses to play later
    const attempt = ++this.#attempt;
    const token = this.#token();
    this.#isBusy = true;
    this.#render();
    if (!this.#texts.lang) this.#textsUrl = ""; // try again
    const [answer] = await Promise.all([this.#ask(form, token), this.#translate()]);
    if (attempt !== this.#attempt) return; // superseded
    this.#isBusy = false;
    this.#tokens = [token, answer.token];
    if (answer.audio) this.#isSilent = answer.audio === "no";
    if (answer.work === "yes" && !this.#offersWork) {
      this.#offersWork = true;
      this.#employ();
    }
    if (answer.token && answer.token !== token && token === this.#token()) {
      this.dispatchEvent(new CustomEvent("captcha-token", { detail: answer.token }));
    }
    if (!answer.data) return this.#fail(form, answer);
    if (!this.#texts.lang) return this.#fail(form, { status: 0 });
    if (!isWanted && this.#uuid && this.value) return this.#render(); // keep what was typed

    // Not for the first captcha.
    this.#note = { audio: "hidden", work: "working" }[form] ?? (this.#lifetime && "changed");
    if (this.#hasFailed) this.#error = "";
    this.#ui.audio.pause();
    this.#form = form;
    this.#accept(answer.uuid, answer);
    if (form !== "work") this.#ui[form].src = answer.data;
    this.#clear();
    this.#emit("captcha-ready", { form, length: this.#length });
    if (willPlay) this.#play();
  }

  /** Request a captcha. Never throws: the result has `data` if there is one. */
  async #ask(form, token) {
    const path = { audio: "/audio?lang=" + (this.#texts.lang ?? ""), work: "/work" }[form] ?? (isDark(this) ? "?theme=dark" : "");
    const answer = { status: 0 };
    try {
      const response = await fetch(`${routesOf(this)}/${encodeURIComponent(this.getAttribute("source"))}${path}`, {
        cache: "no-store",
        headers: token ? { Authorization: "Bearer " + token } : {},
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const { headers } = response;
      answer.status = response.status;
      answer.retryAfter = headers.get("Retry-After");
      answer.token = headers.get("Authorization")?.replace("Bearer ", "");
      for (const name of ["kind", "length", "hints", "audio", "work"]) answer[name] = headers.get("Captcha-" + name);
      answer.expiresIn = headers.get("Captcha-Expires-In");
      const envelope = await response.json();
      answer.code = envelope.code;
      answer.uuid = envelope.response.uuid;
      answer.puzzle = envelope.response.work;
      if (form === "work") return { ...answer, data: answer.puzzle };
      const data = `data:${headers.get("Captcha-Media-Type")};base64,${envelope.response[form]}`;
      // Neither a broken picture nor what a Content-Security-Policy blocks.
      await (form === "image" ? make("img", { src: data }).decode() : isPlayable(data));
      answer.data = data;
    } catch {
      // no connection, no envelope or no picture
    }
    return answer;
  }

  /** Report that none was loaded. The previous captcha is kept, since nothing has spent it. */
  #fail(form, { status, code, retryAfter }) {
    this.#hasFailed = !this.#uuid;
    this.#note = "failed";
    this.#restUntil = Date.now() + PATIENCE_MS;
    if (status === 429) {
      this.#note = "limited";
      this.#isOwed = true;
      this.#waitUntil = this.#restUntil = Date.now() + (1000 * retryAfter || PATIENCE_MS);
    } else if (form === "audio" && status === 404) {
      this.#isSilent = true;
      this.#note = "silent";
    }
    this.#render();
    this.#emit("captcha-error", { status, code, retryAfter });
  }

  /** Load the texts for the page's language, if it has changed. Until they are here, the previous ones stay. */
  #translate() {
    const url = textsUrlOf(this);
    if (url !== this.#textsUrl) {
      this.#textsUrl = url;
      this.#translated = loadTexts(url).then((texts) => {
        if (url !== this.#textsUrl) return; // changed again
        this.#texts = texts ?? this.#texts;
        if (!texts) setTimeout(() => (this.#textsUrl = ""), PATIENCE_MS);
        if (this.#uuid && !this.#texts.lang) {
          this.#uuid = ""; // came with the page, and nobody can be asked for it
          this.#fail(this.#form, { status: 0 });
        }
        this.#render();
      });
    }
    return this.#translated;
  }

  /** Stop what is playing, else play from the beginning: more slowly what has been played before. */
  #play() {
    const { audio } = this.#ui;
    if (!audio.paused) return audio.pause();
    audio.playbackRate = audio.played.length ? 0.8 : 1;
    audio.currentTime = 0;
    audio.play().catch(() => {}); // blocked, or interrupted
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }

  #render() {
    const ui = this.#ui;
    const texts = this.#texts;
    const say = (key) => texts[key] ?? "";
    ui.group.lang = texts.lang ?? "en";
    ui.group.dir = texts.dir ?? "ltr";
    const isImage = this.#form === "image";
    const isWork = this.#form === "work";
    const seconds = Math.ceil((this.#waitUntil - Date.now()) / 1000);
    const asks = this.getAttribute("asks");
    const kind = Array.isArray(texts[this.#kind]) ? this.#kind : "other";
    const ask = (part) => {
      const text = (texts[asks ? "{}" : kind]?.[PARTS.indexOf(part)] ?? "").replace("{}", () => asks);
      return text.charAt(0).toUpperCase() + text.slice(1);
    };
    const focused = this.shadowRoot.activeElement;
    const hasSound = !this.#isSilent && !this.hasAttribute("nosound");
    const isEmpty = isImage && this.#hasFailed; // the frame, in which a button takes the picture's place
    ui.group.ariaLabel = say("group");
    ui.image.alt = ask("alt") + (hasSound ? " " + say("altSound") : "");
    ui.image.hidden = !isImage || !this.#uuid;
    ui.show.hidden = isImage && !isEmpty;
    ui.refresh.hidden = isEmpty || isWork;
    ui.label.hidden = ui.hint.hidden = ui.input.hidden = isWork;
    ui.listen.hidden = !hasSound;
    if (focused?.hidden) (isEmpty ? ui.show : ui.input).focus();
    ui.frame.ariaBusy = this.#isBusy;
    ui.input.placeholder = this.getAttribute("placeholder") ?? "";
    ui.input.inputMode = this.inputMode || (/^(digits|arithmetic)$/.test(this.#kind) ? "numeric" : "text");
    ui.input.ariaInvalid = Boolean(this.#error);
    ui.show.ariaDisabled = ui.refresh.ariaDisabled = seconds > 0;
    ui.listen.ariaDisabled = seconds > 0 && (this.#form !== "audio" || !this.#uuid);
    const again = say(this.#hasFailed ? "retry" : isImage ? "refresh" : "newSound");
    const next = seconds > 0 ? say("wait").replace("{}", seconds) : again;
    write(ui.refresh.lastChild, next);
    const isHeard = this.#form === "audio" && this.#uuid && ui.audio.played.length;
    write(ui.listen.lastChild, say(!ui.audio.paused ? "stop" : isHeard ? "replay" : "listen"));
    write(ui.show.lastChild, isEmpty ? next : say("show"));
    write(ui.label, ask(isImage ? "seen" : "heard"));
    ui.label.style.opacity = asks || this.#kind || this.#hasFailed ? "" : 0; // until it is known what to ask for
    const hints = this.#hints.split(" ").map((key) => say(key).replace("{}", this.#length));
    write(ui.hint, hints.join(" "));
    write(ui.error, /^(wrong|expired)$/.test(this.#error) ? say(this.#error) : this.#error);
    const isSpoken = this.#note === "hidden" && texts.soundLanguage;
    write(ui.note, say(this.#note).replace("{}", () => again) + (isSpoken ? " " + texts.soundLanguage : ""));
    this.#work?.render({
      texts,
      isOffered: this.#offersWork && !isWork,
      isAwaited: Boolean(this.#puzzle && !this.#solution && (isWork || this.#held)),
      isDisabled: seconds > 0,
    });
    ui.note.className = this.#note === "changed" ? "captcha-quiet" : ""; // for screen readers only

    const form = this.getAttribute("form");
    const [uuid, text] = this.#fields;
    uuid.name = this.getAttribute("uuid-name") ?? "uuid";
    uuid.value = this.#uuid;
    text.name = this.getAttribute("text-name") ?? "code";
    text.value = isWork ? this.#solution : this.value + (this.#puzzle ? "." + this.#solution : "");
    for (const field of this.#fields) form === null ? field.removeAttribute("form") : field.setAttribute("form", form);
    const count = this.#uuid && countCharacters(this.value, this.#kind);
    const [flaw, message] = this.#hasFailed
      ? ["customError", say("failed")]
      : count ? ["tooShort", say("short").replace("{}", this.#length)] : ["valueMissing", ask("missing")];
    const isShort = !isWork && count < (+this.#length || 1);
    this.#internals.setValidity({ [flaw]: this.#hasFailed || isShort }, message || " ", isWork ? ui.show : ui.input);
  }
}

// An older browser keeps the server's form. What is in the page already is not shown unstyled or without texts.
if (globalThis.ElementInternals?.prototype.setFormValue) {
  // <served>
  const fields = [...document.querySelectorAll("captcha-field")];
  const [style] = await Promise.all([
    load(new URL("captcha-field.css", import.meta.url)),
    ...fields.map((field) => loadTexts(textsUrlOf(field))),
  ]);
  sheet.replaceSync(style ?? "");
  // </served>
  customElements.get("captcha-field") ?? customElements.define("captcha-field", CaptchaField);
}
