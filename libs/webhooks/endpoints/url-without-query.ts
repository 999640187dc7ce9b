/** As URLs are shown: receivers keep tokens in the query. */
export function urlWithoutQuery(text: string): string {
  const url = new URL(text);
  return url.origin + url.pathname;
}
