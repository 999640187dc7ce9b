/** What a kind may be called: by the job that asks for it and by the edge that offers it alike. */
const KIND = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
export const KIND_RULE = 'must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -';

export function isKind(text: string): boolean {
  return KIND.test(text);
}

/** A label's name has no `=`: requirements are kept as `name=value`. */
const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
const MAX_LABEL_VALUE_CHARS = 200;
const MAX_LABELS = 64;
export const LABELS_RULE = `must map at most ${MAX_LABELS} names of 1 to 100 characters of A-Z a-z 0-9 . _ : / - to strings of at most ${MAX_LABEL_VALUE_CHARS} characters`;

/** Labels of an edge, and those that a task requires. */
export function areLabels(labels: Readonly<Record<string, unknown>>): boolean {
  const entries = Object.entries(labels);
  return (
    entries.length <= MAX_LABELS &&
    entries.every(
      ([name, value]) =>
        LABEL_NAME.test(name) && typeof value === 'string' && value.length <= MAX_LABEL_VALUE_CHARS,
    )
  );
}
