import { KIND_RULE, LABELS_RULE, areLabels, invalidField, isKind, isUuid } from '@foreman/kernel';
import type { Labels } from './edge.entity';

/** The rules for what names an edge; the same for an enrolment, a machine and an administrator. */

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@:/-]{0,118}[A-Za-z0-9._-])?$/;
const MAX_KINDS = 100;

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
    if (!isKind(kind)) throw invalidField(`kinds[${index}]`, KIND_RULE);
  });
}

/** @throws `request.invalid` */
export function assertLabels(labels: Labels): void {
  if (!areLabels(labels)) throw invalidField('labels', LABELS_RULE);
}
