// Solves the puzzles of <captcha-field>. Loaded if a source has any; runs in the page and in a worker.

// Squarings between two looks at the clock: at most some milliseconds on an old telephone.
const BATCH = 64;
const SLICE_MS = { page: 8, worker: 10 };

const isWorker = "WorkerGlobalScope" in globalThis;

/** Let others run. A timer would wait 4 ms each time. */
function rest() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/**
 * Square `base` modulo `modulus`, both in hexadecimal, as often as `squarings` says. The solution is the last 16
 * hexadecimal digits.
 */
async function square({ modulus, base, squarings }, slice, control) {
  const n = BigInt("0x" + modulus);
  let x = BigInt("0x" + base);
  let done = 0;
  while (done < squarings) {
    const end = performance.now() + slice;
    do {
      for (const stop = Math.min(done + BATCH, squarings); done < stop; done++) x = (x * x) % n;
    } while (done < squarings && performance.now() < end);
    control.report(done / squarings);
    await rest();
    while (control.isPaused) await new Promise((resolve) => setTimeout(resolve, 200));
    if (control.isStopped) return null;
  }
  return BigInt.asUintN(64, x).toString(16).padStart(16, "0");
}

if (isWorker) {
  const control = { isPaused: false, report: (share) => postMessage(share) };
  onmessage = async ({ data }) => {
    if (typeof data === "boolean") control.isPaused = data;
    else postMessage(await square(data, SLICE_MS.worker, control));
  };
}

/**
 * Start to solve a puzzle: in a worker, or in slices on the page if the browser refuses one (a script of another
 * origin, a policy). It rests while the page is hidden.
 *
 * Returns `solution`, a promise that never settles once stopped, and `stop()`.
 */
export function solve(puzzle, report) {
  const control = { isPaused: document.hidden, isStopped: false, report };
  let worker;
  const pause = () => {
    control.isPaused = document.hidden;
    worker?.postMessage(control.isPaused);
  };
  const stop = () => {
    control.isStopped = true;
    worker?.terminate();
    document.removeEventListener("visibilitychange", pause);
  };
  const solution = new Promise((resolve) => {
    const finish = (found) => {
      if (control.isStopped) return;
      stop();
      resolve(found);
    };
    const workHere = () => {
      worker = null;
      square(puzzle, SLICE_MS.page, control).then(finish);
    };
    document.addEventListener("visibilitychange", pause);
    try {
      worker = new Worker(new URL("./captcha-work.js", import.meta.url), { type: "module" }); // bundlers look for this
    } catch {
      return workHere();
    }
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      if (!control.isStopped) workHere();
    };
    worker.onmessage = ({ data }) => (typeof data === "string" ? finish(data) : report(data));
    worker.postMessage(puzzle);
    if (control.isPaused) worker.postMessage(true);
  });
  return { solution, stop };
}

/** The part of one <captcha-field> that works: its button, its bar, and the puzzle in hand. */
export class Work {
  #field;
  #parts;
  #running;

  /**
   * `field` has: `row` and `status`, the elements to add the button and the bar to; `load()`; `solved(solution)`;
   * `makeButton(path)`.
   */
  constructor(field) {
    this.#field = field;
    const button = field.makeButton("M12 3v4M12 17v4M3 12h4M17 12h4M6 6l2 2M16 16l2 2M6 18l2-2M16 8l2-2");
    button.onclick = () => field.load();
    const bar = document.createElement("progress");
    bar.part = "progress";
    field.row.after(button);
    field.status.after(bar);
    this.#parts = { button, bar };
  }

  /** Begin with a puzzle in place of the one in hand. */
  start(puzzle) {
    this.stop();
    const { bar } = this.#parts;
    bar.value = 0;
    const running = (this.#running = solve(puzzle, (share) => (bar.value = share)));
    running.solution.then((solution) => {
      this.#running = null;
      bar.value = 1;
      this.#field.solved(solution);
    });
  }

  stop() {
    this.#running?.stop();
    this.#running = null;
  }

  get isRunning() {
    return Boolean(this.#running);
  }

  /** Show the button where work alone is offered, and the bar where the visitor waits for it. */
  render({ texts, isOffered, isAwaited, isDisabled }) {
    const { button, bar } = this.#parts;
    if (button.lastChild.textContent !== texts.alone) button.lastChild.textContent = texts.alone;
    button.hidden = !isOffered;
    button.ariaDisabled = isDisabled;
    bar.hidden = !isAwaited;
    bar.ariaLabel = texts.working;
  }
}
