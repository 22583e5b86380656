// Time on the page. It passes by a clock that nobody can set.

// A browser's timer fires at once where it has to wait for more than 2^31 ms.
const LONGEST_TIMER_MS = 86_400_000;

export const now = () => performance.now();

// Acts once, `ms` milliseconds from now. Returns what calls it off.
export function after(ms, act) {
  const due = now() + ms;
  let timer = 0;
  const wait = () => {
    const rest = due - now();
    timer = setTimeout(rest > LONGEST_TIMER_MS ? wait : act, Math.min(rest, LONGEST_TIMER_MS));
  };
  wait();
  return () => clearTimeout(timer);
}
