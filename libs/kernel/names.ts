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

const ARTIFACT_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}$/;
/** In a job of many tasks `<taskIndex>.` stands before a task's names; no task may take such a name itself. */
const TASK_PREFIX = /^[0-9]+\./;

/**
 * What is wrong with the name of an artifact or an input; null when nothing is: 1..120 of
 * `A-Z a-z 0-9 . _ -`, not starting with a dot, not like `<number>.` (contract).
 */
export function artifactNameFault(name: string): string | null {
  if (!ARTIFACT_NAME.test(name)) {
    return 'must be 1..120 of A-Z a-z 0-9 . _ - and not start with a dot';
  }
  return TASK_PREFIX.test(name) ? 'must not start with a number and a dot: those name tasks' : null;
}
