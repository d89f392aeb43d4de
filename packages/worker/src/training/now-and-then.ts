// Long work on a backend that keeps the thread to itself: now and then it lets messages in and hears
// whether it is still wanted.

/** Lets messages in; true where the work in hand is worth nothing any more. */
export type Dropped = () => Promise<boolean>;

/** A worker that is asked to stop is heard within this time and one chunk. */
const listenMs = 300;

/** `dropped`, asked at most every 300 ms; false in between. */
export function nowAndThen(dropped: Dropped): Dropped {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < listenMs) return false;
    const answer = await dropped();
    last = performance.now();
    return answer;
  };
}
