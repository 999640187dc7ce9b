import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** In capitals, and of no character that needs no encoding (RFC 3986, 6.2.2): such a path is another one to a proxy. */
const ENCODED = '%(?!4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE]|3[0-9]|2[DE])[0-9A-F]{2}';
const CHARACTER = `(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|${ENCODED})`;
/** Neither empty, nor a step to somewhere else. */
const SEGMENT = String.raw`(?!\.\.?(?:/|$))${CHARACTER}+`;
/** One slash may stand behind it. */
const CANONICAL = new RegExp(`^(?:/${SEGMENT})*/?$`);

/** What a request for a proxy begins with (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?#]*/i;
/** No route is like this. */
const NOWHERE = '//';

/**
 * Leads a path that is spelled otherwise than it should be to where there is no route, so that it is logged, counted and
 * refused as any that is unknown: what stands before the gateway and denies `/admin` must not be slipped past.
 */
export function canonicalPaths(): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction) => {
    const [path = ''] = request.url.replace(ORIGIN, '').split('?');
    if (!CANONICAL.test(path)) request.url = NOWHERE;
    next();
  };
}
