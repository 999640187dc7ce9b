import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PROBLEM_KINDS } from './problem-codes';

/** One finding of a refused request. */
export class FieldErrorDto {
  /** Where in the request, such as `tasks[0].payload`; empty for the body as a whole. */
  @ApiProperty({ example: 'kind' })
  path!: string;

  /** What is wrong there. */
  @ApiProperty({ example: 'must be a string' })
  message!: string;
}

/** A refusal (RFC 9457). Match on `code`; further members belong to the code. */
export class ProblemDto {
  /** A URN of the code. */
  @ApiProperty({ example: 'urn:foreman:problem:request.invalid' })
  type!: string;

  /** The same for every problem of this code. */
  @ApiProperty({ example: 'The request is not valid' })
  title!: string;

  /** The HTTP status. */
  @ApiProperty({ example: 400 })
  status!: number;

  /** What happened in this case, and what to do. */
  @ApiProperty({ example: 'kind must be a string.' })
  detail!: string;

  /** Which refusal it is. */
  @ApiProperty({ enum: Object.keys(PROBLEM_KINDS), example: 'request.invalid' })
  code!: string;

  /** The request, as in the log and in `X-Request-Id`. */
  @ApiProperty({ example: 'urn:foreman:request:01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  instance!: string;

  /** With `request.invalid`: every finding. */
  @ApiPropertyOptional({ type: [FieldErrorDto] })
  errors?: FieldErrorDto[];
}
