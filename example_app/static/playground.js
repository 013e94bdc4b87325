// The playground: renders the page anew for other settings, sends the form, and shows what is sent and answered.

const LONGEST_SHOWN = 40;

/** Pretty JSON in which pictures, sounds and large numbers are shortened. */
function shortened(json) {
  const shorten = (_, value) =>
    value?.length > LONGEST_SHOWN ? `${value.slice(0, 12)}… (${value.length} characters)` : value;
  return JSON.stringify(JSON.parse(json), shorten, 2);
}

/** Show a request and its response, as they would stand in a log. */
async function show(target, method, response, body) {
  const { pathname, search } = new URL(response.url);
  const headers = [...response.headers].filter(([name]) => /^(captcha-|retry-after)/.test(name));
  target.textContent = [
    `${method} ${pathname}${search}`,
    ...(body ? [shortened(body)] : []),
    "",
    `${response.status} ${response.statusText}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    shortened(await response.text()),
  ].join("\n");
}

// The widget fetches its captchas by itself, so this listens in.
const { fetch } = window;
window.fetch = async (...request) => {
  const response = await fetch(...request);
  const isCaptcha = response.url.includes("/captcha/") && !response.url.includes("/captcha/static/");
  if (isCaptcha) show(document.querySelector("#issued"), "GET", response.clone()).catch(console.warn);
  return response;
};

const settings = document.querySelector("#settings");
let latest;

// The server renders everything that depends on the settings. The radio buttons stay as they are.
settings.addEventListener("change", async () => {
  const query = `?${new URLSearchParams(new FormData(settings))}`;
  latest = query;
  history.replaceState(null, "", query);
  const page = new DOMParser().parseFromString(await (await fetch(query)).text(), "text/html");
  if (query !== latest) return; // changed again meanwhile
  for (const id of ["preview", "price", "snippets"]) {
    document.getElementById(id).replaceWith(document.importNode(page.getElementById(id), true));
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id !== "try") return;
  event.preventDefault();
  const captcha = form.querySelector("captcha-field");
  const message = form.querySelector(".message");
  message.textContent = "";
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  const headers = { "Content-Type": "application/json", "Accept-Language": captcha.lang };
  let response, envelope;
  try {
    response = await fetch(form.action, { method: "POST", headers, body });
    show(document.querySelector("#checked"), "POST", response.clone(), body);
    envelope = await response.json();
  } catch {
    message.dataset.kind = "error";
    message.textContent = "The server cannot be reached. Please try again.";
    return;
  }
  if (envelope.stringCode.startsWith("captcha_")) return captcha.reject(envelope.message);
  message.dataset.kind = envelope.status ? "success" : "error";
  message.textContent = envelope.status ? "Passed. Here is another one." : envelope.message;
  if (![429, 503].includes(response.status)) captcha.refresh();
});

document.addEventListener("click", async ({ target }) => {
  if (!target.matches(".copy")) return;
  const code = target.closest("figure").querySelector("pre");
  try {
    await navigator.clipboard.writeText(code.textContent);
    target.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code); // without HTTPS there is no clipboard: select, so that a key copies
    target.textContent = "Selected";
  }
  setTimeout(() => (target.textContent = "Copy"), 2000);
});
