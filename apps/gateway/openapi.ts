import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { EDGE_SCHEME, SERVICE_SCHEME } from './http/faces';
import { SIGNED_SCHEME } from './signed-api/signed-face';

const DESCRIPTION = `Foreman hands work to machines that nobody can reach, and gets the results back without losing any.

Services submit **jobs**; edges lease their **tasks**, heartbeat, post result rows, upload artifacts and complete.
Press **Authorize** and paste a token: an API key (\`fmk_...\`) for the jobs and admin calls, an edge's token (\`fme_...\`) for \`/internal/edges\`.

Every refusal is a problem document (RFC 9457); match on its \`code\`. Every call may be repeated.`;

/** The OpenAPI document of the built application; needs no listening server. */
export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Foreman')
    .setDescription(DESCRIPTION)
    .setVersion('0.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'An API key, fmk_...' },
      SERVICE_SCHEME,
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        description: "An edge's token, fme_... (to enrol: fmn_...)",
      },
      EDGE_SCHEME,
    )
    .addApiKey(
      { type: 'apiKey', in: 'query', name: 'signature', description: 'Part of a signed URL' },
      SIGNED_SCHEME,
    )
    .addTag('jobs', 'For services: submit jobs, read results and artifacts.')
    .addTag('edges', 'For edges: lease tasks and bring their results.')
    .addTag('signed', 'For whoever was given a signed URL: one artifact, no token.')
    .addTag('admin', 'For operators.')
    .addTag('health', 'For load balancers and service managers.')
    .build();
  return SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
  });
}
