const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Good JSON without the white space between its tokens, which stay as they were written. */
export function compactJson(json: string): string {
  let compact = '';
  let kept = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at);
    } else if (code <= SPACE) {
      compact += json.slice(kept, at);
      kept = at + 1;
    }
  }
  return compact + json.slice(kept);
}

/** Where its closing quote is. */
function endOfString(json: string, opening: number): number {
  for (let at = opening + 1; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return json.length;
}
