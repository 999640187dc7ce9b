import type { ErrorCode } from '@foreman/kernel';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { PROBLEM_KINDS } from './problem-codes';
import { ProblemDto } from './problem.dto';

/**
 * Documents the refusals of an operation, or of all of a controller's: one response a status, with an
 * example a code.
 */
export function ApiProblems(...codes: ErrorCode[]) {
  const statuses = [...new Set(codes.map((code) => PROBLEM_KINDS[code].status))];
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: codesOf(codes, status)
          .map((code) => `\`${code}\`: ${PROBLEM_KINDS[code].title}`)
          .join('\n\n'),
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(ProblemDto) },
            examples: Object.fromEntries(
              codesOf(codes, status).map((code) => [code, { value: exampleOf(code) }]),
            ),
          },
        },
      }),
    ),
  );
}

function codesOf(codes: readonly ErrorCode[], status: number): ErrorCode[] {
  return codes.filter((code) => PROBLEM_KINDS[code].status === status);
}

function exampleOf(code: ErrorCode) {
  return {
    type: `urn:foreman:problem:${code}`,
    title: PROBLEM_KINDS[code].title,
    status: PROBLEM_KINDS[code].status,
    detail: `${PROBLEM_KINDS[code].title}.`,
    code,
    instance: 'urn:foreman:request:01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11',
  };
}
