import type { Server } from 'node:http';
import { IdSource } from '@foreman/kernel';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import helmet from 'helmet';
import { GATEWAY_OPTIONS, type GatewayOptions } from './config/gateway-options';
import { canonicalPaths } from './http/canonical-paths';
import { ConnectionClosing } from './http/connection-closing';
import { answerUnreadableRequests } from './http/unreadable-requests';
import { ProblemDetailsFilter } from './http/problem-details.filter';
import { requestIds } from './http/request-id';
import { cutSilentBodies } from './http/silent-bodies';
import { cutUnreadAnswers } from './http/unread-answers';
import { HttpMetrics } from './metrics/http-metrics';
import { createOpenApiDocument } from './openapi';

/** Longer than a load balancer keeps an idle connection (60 s is usual), so that it ends them, not we. */
const KEEP_ALIVE_MS = 75_000;
/** For a request's headers; node asks that it be longer than the keep-alive. */
const HEADERS_WITHIN_MS = 80_000;
/** For a whole request with its body: the largest upload over a slow line. Waiting polls do not count. */
const REQUEST_WITHIN_MS = 600_000;

/** Everything between the socket and the controllers; the same in production and in the e2e tests. */
export function configureApp(app: NestExpressApplication): void {
  const server: Server = app.getHttpServer();
  const options = app.get<GatewayOptions>(GATEWAY_OPTIONS);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_WITHIN_MS;
  server.requestTimeout = REQUEST_WITHIN_MS;
  answerUnreadableRequests(server);

  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.use(requestIds(app.get(IdSource)));
  app.use(app.get(HttpMetrics).middleware);
  app.use(canonicalPaths());
  app.use(app.get(ConnectionClosing).middleware);
  app.use(cutUnreadAnswers(options.downloadIdleSeconds * 1000));
  app.use(cutSilentBodies(options.uploadIdleSeconds * 1000));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        // Swagger UI: its own scripts, and styles that it writes into the page.
        directives: {
          defaultSrc: ["'self'"],
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      // Foreman speaks plain HTTP; what stands before it and speaks TLS decides this.
      strictTransportSecurity: false,
    }),
  );
  app.useGlobalFilters(new ProblemDetailsFilter());

  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Foreman',
    // The validator's badge would be fetched from the internet.
    swaggerOptions: { persistAuthorization: true, validatorUrl: null },
  });
}
