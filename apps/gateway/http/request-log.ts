import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Params } from 'nestjs-pino';
import type { GatewayOptions } from '../config/gateway-options';

/** Calls that come all the time and go well are told at `debug` only. */
const FREQUENT = /^\/(?:internal\/edges|healthz|readyz|metrics)(?:\/|$)/;

/** Should one of these ever be logged as part of something else, it is not shown. */
const SECRET_PATHS = [
  'authorization',
  'token',
  'leaseToken',
  'secret',
  '*.authorization',
  '*.token',
  '*.leaseToken',
  '*.secret',
  '*.headers.authorization',
  '*.headers["foreman-lease"]',
  '*.headers.cookie',
];

/**
 * One JSON line a request, by request id. Headers, queries and bodies are not logged at all: what is
 * not written cannot leak.
 */
export function requestLog(options: Pick<GatewayOptions, 'logLevel'>): Params {
  return {
    pinoHttp: {
      level: options.logLevel,
      genReqId: (request) => request.id,
      redact: { paths: SECRET_PATHS, censor: '(secret)' },
      wrapSerializers: false,
      serializers: {
        req: (request: IncomingMessage & { originalUrl?: string }) => ({
          id: request.id,
          method: request.method,
          path: pathOf(request),
          from: request.socket.remoteAddress,
        }),
        res: (response: ServerResponse) => ({ status: response.statusCode }),
      },
      customLogLevel: (request, response, error) => {
        if (error !== undefined || response.statusCode >= 500) return 'error';
        if (response.statusCode >= 400) return 'info';
        return FREQUENT.test(pathOf(request)) ? 'debug' : 'info';
      },
    },
  };
}

function pathOf(request: IncomingMessage & { originalUrl?: string }): string {
  return (request.originalUrl ?? request.url ?? '').split('?')[0] ?? '';
}
