// The pages work without this script. With it they move on by themselves: it
// asks, and waits for the answer, whether the login has changed.
"use strict";

const body = document.body;
const failuresMax = 20;

async function watch() {
  for (let failures = 0; failures < failuresMax; ) {
    try {
      const url = body.dataset.watch + "?since=" + encodeURIComponent(body.dataset.stamp);
      const answer = await fetch(url, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok || (await answer.json()).stamp !== body.dataset.stamp) {
        location.replace(location.pathname);
        return;
      }
      failures = 0;
    } catch {
      failures++;
      await new Promise((wake) => setTimeout(wake, 1000));
    }
  }
}

if (body.dataset.watch) watch();
