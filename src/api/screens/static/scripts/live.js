// A stream of events that comes back by itself, also where the browser gives up (503) or has slept, from what was seen last.
//   events: by name, what is called with the data of each; 'fim' ends it.
//   quiet:  called each second with the seconds for which nothing has come, 0 below five.
const LATE = 5, PAUSE = 1000, PAUSE_MAX = 15000;

export const follow = (address, events, quiet) => {
  let source, last = null, heard = Date.now(), pause = PAUSE;

  const seconds = () => Math.floor((Date.now() - heard) / 1000);

  const open = () => {
    const url = new URL(address, location.href);
    url.searchParams.set('pulso', '2');
    if (last !== null) url.searchParams.set('desde', last);
    source = new EventSource(url);
    const take = name => event => {
      [heard, pause] = [Date.now(), PAUSE];
      quiet(0);
      if (event.lastEventId) last = event.lastEventId;
      events[name]?.(event.data ? JSON.parse(event.data) : null);
      if (name === 'fim') close();
    };
    for (const name of new Set([...Object.keys(events), 'pulso', 'fim'])) source.addEventListener(name, take(name));
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      setTimeout(() => source && open(), pause);
      pause = Math.min(2 * pause, PAUSE_MAX);
    };
  };

  const clock = setInterval(() => quiet(seconds() < LATE ? 0 : seconds()), 1000);
  const wake = () => {
    if (document.visibilityState !== 'visible' || seconds() < LATE) return;
    source.close();
    open();
  };
  document.addEventListener('visibilitychange', wake);

  const close = () => {
    clearInterval(clock);
    document.removeEventListener('visibilitychange', wake);
    source?.close();
    source = null;
  };

  open();
  return close;
};
