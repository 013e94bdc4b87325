// The session: calls to the back end, and the token that they carry.

const PATIENCE_MS = 10_000;

// The token lives in this variable and nowhere else. What is in localStorage outlives the tab, lies on the disk, and
// can be read later by any script that ever runs on this origin. The price: a reload signs the visitor out.
let token = null;

export function signOut() {
  token = null; // the back end keeps no session: the token itself expires within minutes
}

export function presentToken() {
  return token;
}

/** Take the token that the captcha's widget has got back for this one. */
export function keepToken(handedBack) {
  token = handedBack;
}

/** The back end does not accept the token any more. */
export function endSession() {
  token = null;
  document.dispatchEvent(new Event("session-ended"));
}

/**
 * Call the back end and return its envelope, with the `headers` of the response.
 *
 * Never throws: where no envelope arrives, one of ours says so. Dispatches `session-ended` on the document where the
 * token is no longer accepted.
 */
export async function call(method, path, body) {
  const sent = token;
  const headers = { "Accept-Language": document.documentElement.lang }; // the messages are shown on this page
  if (sent) headers.Authorization = `Bearer ${sent}`;
  if (body) headers["Content-Type"] = "application/json";

  let response, envelope;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS); // so that no button waits forever
    response = await fetch(path, { method, headers, body: JSON.stringify(body), cache: "no-store", signal });
    envelope = await response.json();
    if (typeof envelope.message !== "string") throw new TypeError("JSON, but no envelope");
  } catch {
    const message = "The server cannot be reached. Please try again.";
    return { status: false, stringCode: "unreachable", message, headers: new Headers() };
  }

  // After a sign-out, an answer to an earlier call must neither sign in again nor end the next session.
  if (token === sent) {
    if (response.status === 401 && sent) endSession();
    const handedBack = response.headers.get("Authorization")?.match(/^Bearer (.+)$/);
    if (handedBack) token = handedBack[1];
  }
  const seconds = Number(response.headers.get("Retry-After"));
  if (seconds) envelope.message += `. Please wait ${seconds} seconds before you try again.`;
  return { ...envelope, headers: response.headers };
}
