import { Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { strictValidation } from '../http/validation';

type Fields = Record<string, unknown>;

/**
 * Validates a job request without walking its payloads: the validation library copies what it
 * checks value by value, which for megabytes of prices would stop the event loop for a second.
 * Payloads are free objects here; those of known kinds are checked by @foreman/jobs.
 */
@Injectable()
export class JobBodyPipe<T extends object> implements PipeTransform<unknown, Promise<T>> {
  private readonly validation = strictValidation();

  constructor(private readonly metatype: Type<T>) {}

  async transform(body: unknown): Promise<T> {
    const payloads: [path: readonly (string | number)[], payload: object][] = [];
    const light = withoutPayloads(body, [], payloads);
    const dto: T = await this.validation.transform(light, {
      type: 'body',
      metatype: this.metatype,
    });
    for (const [path, payload] of payloads) place(dto, path, payload);
    return dto;
  }
}

/** A copy in which each payload object of a job or task is `{}`; the payloads are put aside. */
function withoutPayloads(
  value: unknown,
  path: readonly (string | number)[],
  payloads: [readonly (string | number)[], object][],
): unknown {
  if (!isObject(value)) return value;
  const copy: Fields = { ...value };
  if (isObject(copy.payload)) {
    payloads.push([[...path, 'payload'], copy.payload]);
    copy.payload = {};
  }
  for (const list of ['jobs', 'tasks']) {
    const items = copy[list];
    if (!Array.isArray(items)) continue;
    copy[list] = items.map((item, index) => withoutPayloads(item, [...path, list, index], payloads));
  }
  return copy;
}

function place(target: object, path: readonly (string | number)[], payload: object): void {
  let parent = target as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  parent.payload = payload;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
