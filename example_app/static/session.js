// The session: calls to the back end with the visitor's token.

const PATIENCE_MS = 10_000;

// The token is kept in this variable only. localStorage outlives the tab, is written to disk, and can be read later by
// any script on this origin. The price: a reload signs the visitor out.
let token = null;

export function signOut() {
  token = null; // the back end has no session to end; the token expires within minutes
}

export function currentToken() {
  return token;
}

/** Replace the token with the one that the captcha widget received. */
export function setToken(received) {
  token = received;
}

/** Drop a token that the back end no longer accepts, and dispatch `session-ended`. */
export function endSession() {
  token = null;
  document.dispatchEvent(new Event("session-ended"));
}

/**
 * Call the back end and return its envelope, with the `headers` of the response.
 *
 * `isUndecided` says that the call may be repeated as it is: after too many requests, an outage, or no response.
 *
 * Never throws: if no envelope arrives, it returns one with the stringCode `unreachable`. Dispatches `session-ended` on
 * the document if the token is no longer accepted.
 */
export async function call(method, path, body) {
  const sent = token;
  const headers = { "Accept-Language": document.documentElement.lang }; // so that messages are in the page's language
  if (sent) headers.Authorization = `Bearer ${sent}`;
  if (body) headers["Content-Type"] = "application/json";

  let response, envelope;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS); // so that no form waits forever
    response = await fetch(path, { method, headers, body: JSON.stringify(body), cache: "no-store", signal });
    envelope = await response.json();
    if (typeof envelope.message !== "string") throw new TypeError("JSON, but not an envelope");
  } catch {
    const message = "The server cannot be reached. Please try again.";
    return { status: false, stringCode: "unreachable", message, headers: new Headers(), isUndecided: true };
  }

  // After a sign-out, the response to an earlier call must neither sign in again nor end the next session.
  if (token === sent) {
    if (response.status === 401 && sent) endSession();
    const received = response.headers.get("Authorization")?.match(/^Bearer (.+)$/);
    if (received) token = received[1];
  }
  const seconds = Number(response.headers.get("Retry-After"));
  if (seconds) envelope.message += `. Please wait ${seconds} seconds before you try again.`;
  const isUndecided = [429, 503].includes(response.status);
  return { ...envelope, headers: response.headers, isUndecided };
}
