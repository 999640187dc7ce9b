import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { JsonBodyReader } from './json-body-reader';

/**
 * `small` is for calls whose token is judged by their handler, after the body. `results` hands the text
 * on as it came, for a handler that makes no values of it (`bodyBytes`).
 */
type JsonLimit = 'default' | 'results' | 'small';

const SMALL_BODY_BYTES = 65_536;

/** How a route takes its body. */
export interface BodyRule {
  /** Which limit a JSON body keeps to; `none`: the handler reads a stream of any type. */
  readonly json: JsonLimit | 'none';
  /** Content types that are left to the handler as a stream. */
  readonly streamTypes?: readonly string[];
}

const BODY_RULE = 'foreman:body';
const DEFAULT_RULE: BodyRule = { json: 'default' };

/** Departs from the rule "JSON within FOREMAN_JSON_LIMIT_BYTES". */
export const TakesBody = (rule: BodyRule) => SetMetadata(BODY_RULE, rule);

/**
 * Reads a JSON body, after the guard that says who calls: strangers get no memory. Streams stay
 * untouched. @throws `request.invalid`, `request.too_large`, `request.unsupported_type`
 */
@Injectable()
export class BodyGuard implements CanActivate {
  private readonly readers: Readonly<Record<JsonLimit, JsonBodyReader>>;

  constructor(
    private readonly reflector: Reflector,
    @Inject(GATEWAY_OPTIONS) options: GatewayOptions,
  ) {
    this.readers = {
      default: new JsonBodyReader(options.jsonLimitBytes),
      results: new JsonBodyReader(options.resultsLimitBytes, 'bytes'),
      small: new JsonBodyReader(SMALL_BODY_BYTES),
    };
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (request.method === 'GET' || request.method === 'HEAD') return true;
    const rule =
      this.reflector.getAllAndOverride<BodyRule | undefined>(BODY_RULE, [
        context.getHandler(),
        context.getClass(),
      ]) ?? DEFAULT_RULE;
    if (rule.json === 'none' || isStream(request, rule)) return true;
    await this.readers[rule.json].read(request, http.getResponse<Response>());
    return true;
  }
}

/** The text of a route with `json: 'results'`; without a body, nothing. */
export function bodyBytes(request: Request): Buffer {
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function isStream(request: Request, rule: BodyRule): boolean {
  return rule.streamTypes !== undefined && Boolean(request.is([...rule.streamTypes]));
}
