import { invalidField, isUuid } from '@foreman/kernel';
import type { Labels } from './edge.entity';

/** The rules for what names an edge; the same for an enrolment, a machine and an administrator. */

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@:/-]{0,118}[A-Za-z0-9._-])?$/;
const KIND = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
const MAX_KINDS = 100;
const MAX_LABELS = 64;
const MAX_LABEL_VALUE_CHARS = 200;

/** @throws `request.invalid`. A name that looks like an id would make `assignTo` ambiguous. */
export function assertEdgeName(name: string): void {
  if (!NAME.test(name) || isUuid(name)) {
    throw invalidField(
      'name',
      'must be 1 to 120 characters of A-Z a-z 0-9 . _ @ : / - and space, begin with a letter or digit, and not be a UUID',
    );
  }
}

/** @throws `request.invalid` */
export function assertKinds(kinds: readonly string[]): void {
  if (kinds.length < 1 || kinds.length > MAX_KINDS) {
    throw invalidField('kinds', `must name 1 to ${MAX_KINDS} kinds`);
  }
  kinds.forEach((kind, index) => {
    if (!KIND.test(kind)) {
      throw invalidField(`kinds[${index}]`, 'must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -');
    }
  });
}

/** @throws `request.invalid`. A label's name has no `=`: requirements are kept as `name=value`. */
export function assertLabels(labels: Labels): void {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) {
    throw invalidField('labels', `must be at most ${MAX_LABELS}`);
  }
  for (const [name, value] of entries) {
    if (!LABEL_NAME.test(name)) {
      throw invalidField(
        'labels',
        'must have names of 1 to 100 characters of A-Z a-z 0-9 . _ : / -',
      );
    }
    if (typeof value !== 'string' || value.length > MAX_LABEL_VALUE_CHARS) {
      throw invalidField(
        `labels.${name}`,
        `must be a string of at most ${MAX_LABEL_VALUE_CHARS} characters`,
      );
    }
  }
}
