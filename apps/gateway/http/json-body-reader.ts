import { DomainError } from '@foreman/kernel';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { isGzipped } from './content-coding';
import { isNestedDeeperThan } from './json-depth';

/** No honest payload is; see `isNestedDeeperThan`. */
const MAX_DEPTH = 200;
const TOO_DEEP = 'foreman.too_deep';

/** How long bodies were, for as long as anybody has their request. */
const READ_BYTES = new WeakMap<object, number>();

/** Reads a request's JSON into `request.body`, within a limit that also holds for what it is unpacked to. */
export class JsonBodyReader {
  private readonly parse: RequestHandler;

  /** @param form `bytes`: unpacked (only gzip then), but not parsed; in UTF-8, which is not checked. */
  constructor(
    private readonly limitBytes: number,
    private readonly form: 'values' | 'bytes' = 'values',
  ) {
    const options = { limit: limitBytes, type: isJson, verify: measure };
    this.parse = form === 'values' ? express.json(options) : express.raw(options);
  }

  /** Without a body, `request.body` is `{}`. @throws `request.invalid`, `.too_large`, `.unsupported_type` */
  async read(request: Request, response: Response): Promise<void> {
    if (hasBody(request) && !isJson(request)) {
      throw new DomainError('request.unsupported_type', 'The body must be application/json.');
    }
    READ_BYTES.set(request, 0);
    if (this.form === 'bytes') {
      isGzipped(request);
      if (!isUtf8(request)) throw unsupportedText();
    }
    await new Promise<void>((resolve, reject) => {
      this.parse(request, response, (error?: unknown) => {
        if (error === undefined) resolve();
        else reject(this.refusalOf(error));
      });
    });
    request.body ??= {};
  }

  /** body-parser tells its errors apart by `type`. */
  private refusalOf(error: unknown): unknown {
    const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : null;
    switch (type) {
      case 'entity.too.large':
        return new DomainError(
          'request.too_large',
          `The body may have at most ${this.limitBytes} bytes.`,
          { limitBytes: this.limitBytes },
        );
      case 'encoding.unsupported':
      case 'charset.unsupported':
        return unsupportedText();
      case 'entity.parse.failed':
        return invalidBody('is not JSON');
      case TOO_DEEP:
        return invalidBody(`is nested deeper than ${MAX_DEPTH}`);
      case 'request.aborted':
      case 'request.size.invalid':
        return invalidBody('ended before its Content-Length');
      default:
        return isClientFault(error) ? invalidBody('cannot be read') : error;
    }
  }
}

/** The length of the JSON that was read from a request, unpacked; null when its body was not read here. */
export function readBytesOf(request: object): number | null {
  return READ_BYTES.get(request) ?? null;
}

/** Body-parser hands on the `type` of what its verification throws. */
function measure(request: object, _response: unknown, body: Buffer): void {
  READ_BYTES.set(request, body.length);
  if (isNestedDeeperThan(MAX_DEPTH, body)) {
    throw Object.assign(new Error('nested too deeply'), { type: TOO_DEEP });
  }
}

/** Whether a request says that it has a body. */
export function hasBody(request: Request): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > 0
  );
}

function isJson(request: { headers: Request['headers'] }): boolean {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || /^application\/[a-z0-9.+-]+\+json$/.test(type);
}

/** As it is unless it says otherwise (RFC 8259, 8.1). */
function isUtf8({ headers }: Request): boolean {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset);
}

function unsupportedText(): DomainError {
  return new DomainError('request.unsupported_type', 'The body must be JSON in UTF-8.');
}

/** Broken compression and the like: body-parser gives these a status of 4xx. */
function isClientFault(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status < 500
  );
}

function invalidBody(message: string): DomainError {
  return new DomainError('request.invalid', `The body ${message}.`, {
    errors: [{ path: '', message: `the body ${message}` }],
  });
}
