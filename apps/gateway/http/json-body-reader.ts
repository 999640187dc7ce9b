import { DomainError } from '@foreman/kernel';
import express, { type Request, type RequestHandler, type Response } from 'express';

/** Reads a request's JSON into `request.body`, within a limit that also holds for what is compressed. */
export class JsonBodyReader {
  private readonly parse: RequestHandler;

  constructor(private readonly limitBytes: number) {
    this.parse = express.json({ limit: limitBytes, type: isJson });
  }

  /** Without a body, `request.body` is `{}`. @throws `request.invalid`, `.too_large`, `.unsupported_type` */
  async read(request: Request, response: Response): Promise<void> {
    if (hasBody(request) && !isJson(request)) {
      throw new DomainError('request.unsupported_type', 'The body must be application/json.');
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
        return new DomainError('request.unsupported_type', 'The body must be JSON in UTF-8.');
      case 'entity.parse.failed':
        return invalidBody('is not JSON');
      case 'request.aborted':
      case 'request.size.invalid':
        return invalidBody('ended before its Content-Length');
      default:
        return isClientFault(error) ? invalidBody('cannot be read') : error;
    }
  }
}

function hasBody(request: Request): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > 0
  );
}

function isJson(request: { headers: Request['headers'] }): boolean {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || /^application\/[a-z0-9.+-]+\+json$/.test(type);
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
