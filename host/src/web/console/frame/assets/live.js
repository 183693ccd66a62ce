"use strict";

// Keeps the parts of a page up to date that are marked with data-live: fetches the page again and puts in what is other
// than before. Without it every page says the same, as of when it was loaded.
(() => {
  const EVERY_MS = 5000;
  const WAIT_MAX_MS = 60000;
  // What is said aloud at once; nobody listens to a whole table.
  const SAID_MAX = 240;

  const parts = (page) => Array.from(page.querySelectorAll("[data-live]"));
  if (parts(document).length === 0) return;

  const voice = document.getElementById("live");

  let waitMs = EVERY_MS;
  let isDirty = false;
  let timer = 0;

  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-live] form")) isDirty = true;
  });

  // Somebody who is about to press a button must not lose it, nor a text that is being copied.
  const isInUse = () => {
    const inLive = (node) => node instanceof Element && node.closest("[data-live]") !== null;
    const active = document.activeElement;
    if (isDirty || (inLive(active) && active.closest("form"))) return true;
    const chosen = document.getSelection();
    return chosen !== null && !chosen.isCollapsed && inLive(chosen.anchorNode && chosen.anchorNode.parentElement);
  };

  // Times tick all the while; only another state is news.
  const states = (node) => {
    const all = [node, ...node.querySelectorAll("[data-state]")];
    return all.map((one) => one.getAttribute("data-state") || "").join(",");
  };

  const said = (node) => {
    const sentence = node.querySelector("p") || node;
    return sentence.textContent.replace(/\s+/g, " ").trim().slice(0, SAID_MAX);
  };

  const put = (older, newer) => {
    const open = Array.from(older.querySelectorAll("details")).map((details) => details.open);
    const count = newer.querySelectorAll("details").length;
    if (count === open.length) {
      newer.querySelectorAll("details").forEach((details, place) => { details.open = open[place]; });
    }
    const link = older.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const isSummary = older.contains(document.activeElement) && document.activeElement.tagName === "SUMMARY";
    const place = isSummary ? Array.from(older.querySelectorAll("summary")).indexOf(document.activeElement) : -1;
    older.replaceWith(newer);
    const again = link
      ? Array.from(newer.querySelectorAll("a")).find((one) => one.getAttribute("href") === link)
      : newer.querySelectorAll("summary")[place];
    if (again) again.focus({ preventScroll: true });
  };

  const isSame = (older, newer) => {
    const plain = older.cloneNode(true);
    plain.querySelectorAll("details").forEach((details) => { details.open = false; });
    return plain.isEqualNode(newer);
  };

  const update = (older, newer) => {
    const ids = (part) => Array.from(part.children).map((child) => child.id).join(" ");
    const news = [];
    const one = (before, after) => {
      if (after.hasAttribute("data-say") && states(before) !== states(after)) news.push(said(after));
      if (!isSame(before, after)) put(before, after);
    };
    if (ids(older) === ids(newer)) {
      const pairs = Array.from(older.children).map((child, place) => [child, newer.children[place]]);
      pairs.forEach(([before, after]) => one(before, document.adoptNode(after)));
    } else {
      news.push(...Array.from(newer.querySelectorAll("[data-say]")).map(said));
      put(older, document.adoptNode(newer));
    }
    return news;
  };

  const look = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new Error("no page");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [older, newer] = [parts(document), parts(page)];
    // Signed out, or another page by now: the browser shows which.
    if (older.length !== newer.length) {
      location.reload();
      return;
    }
    // Whoever began to use the page while it was fetched keeps what they see.
    if (document.hidden || isInUse()) return;
    const { scrollX, scrollY } = window;
    const news = older.flatMap((part, place) => update(part, newer[place]));
    window.scrollTo(scrollX, scrollY);
    if (voice && news.length > 0) voice.textContent = news.filter((text) => text !== "").join(" ");
  };

  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(tick, waitMs);
  };

  const tick = async () => {
    if (!document.hidden && !isInUse()) {
      try {
        await look();
        waitMs = EVERY_MS;
      } catch {
        // The program is being restarted, or the network is gone: it is asked less and less often.
        waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
      }
    }
    again();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(timer);
    } else {
      waitMs = EVERY_MS;
      tick();
    }
  });
  again();
})();
