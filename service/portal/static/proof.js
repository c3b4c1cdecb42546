/* Checks the proof of a statement in the browser: RFC 6962 hashes, RFC 9162 section 2.1.3.2. */
"use strict";
(() => {
  const section = document.querySelector("[data-proof]");
  if (!section) return;
  const button = section.querySelector("button");
  const said = section.querySelector("[role=status]");
  const published = section.querySelector("input");
  if (!window.crypto || !crypto.subtle) return;
  button.hidden = false;

  const bytes = (hex) => {
    if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error("a hash in it is no hash");
    return Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  };
  const hex = (all) => Array.from(all, (one) => one.toString(16).padStart(2, "0")).join("");
  const sha = async (...parts) => {
    const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (joined.set(part, at), at + part.length), 0);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
  };
  const canonical = (value) =>
    typeof value === "string"
      ? JSON.stringify(value)
      : "{" + Object.keys(value).sort().map((name) => JSON.stringify(name) + ":" + canonical(value[name])).join(",") + "}";
  const whole = (number, length) => {
    const out = new Uint8Array(length);
    for (let at = length - 1, left = BigInt(number); at >= 0; at--, left >>= 8n) out[at] = Number(left & 255n);
    return out;
  };

  const check = async (proof) => {
    let at = await sha([0], bytes(proof.salt), new TextEncoder().encode(canonical(proof.leaf)));
    let index = BigInt(proof.index);
    let last = BigInt(proof.count) - 1n;
    if (index < 0n || index > last) throw new Error("the place is outside the tree");
    for (const one of proof.path.map(bytes)) {
      if (last === 0n) throw new Error("the path is too long");
      if (index % 2n || index === last) {
        at = await sha([1], one, at);
        while (index && index % 2n === 0n) [index, last] = [index / 2n, last / 2n];
      } else {
        at = await sha([1], at, one);
      }
      [index, last] = [index / 2n, last / 2n];
    }
    if (last !== 0n || hex(at) !== proof.root) throw new Error("the path leads to another root");
    const month = whole(proof.period.replace("-", ""), 4);
    const chained = await sha([2], bytes(proof.previous_hash), month, whole(proof.count, 8), at);
    if (hex(chained) !== proof.hash) throw new Error("the hash of the month is another");
    if (proof.leaf.period !== proof.period) throw new Error("it is of another month");
  };

  button.addEventListener("click", async () => {
    said.textContent = "Checking…";
    try {
      const answer = await fetch(section.dataset.proof, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error("there is no proof: the month has no seal yet");
      const proof = await answer.json();
      await check(proof);
      const given = published.value.trim().toLowerCase();
      if (given && given !== proof.root && given !== proof.hash) throw new Error("this root was not published: it leads to " + proof.root);
      said.textContent = given
        ? "It holds, and leads to the root you gave. " + proof.says
        : "It agrees with itself. Compare with what was published: root " + proof.root + ", hash " + proof.hash + ". " + proof.says;
    } catch (error) {
      said.textContent = "It does not hold: " + error.message + ".";
    }
  });
})();
