import type { Clock } from '@foreman/kernel';
import type { Environment } from '../config/child-environment';
import { builtProgram } from './built-programs';
import { ChildProgram } from './child-program';

export interface EdgePlace {
  readonly name: string;
  readonly gatewayUrl: string;
  readonly enrolmentToken: string;
  /** Where it keeps its own token. */
  readonly stateDirectory: string;
  /** Tasks at a time. */
  readonly concurrency: number;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** An agent starts in a second; on a machine that does other things, in several. */
const START_WITHIN_MS = 30_000;

/** An edge agent as a child process, given to `started` before anything can fail. Answers once it is enrolled. */
export async function startEdge(
  place: EdgePlace,
  started: (program: ChildProgram) => void,
): Promise<ChildProgram> {
  const program = new ChildProgram(
    {
      name: `edge ${place.name}`,
      main: builtProgram('edge-agent'),
      args: [
        '--url',
        place.gatewayUrl,
        '--name',
        place.name,
        '--kinds',
        'strategy-search',
        '--concurrency',
        String(place.concurrency),
        '--state-dir',
        place.stateDirectory,
      ],
      // Not as an argument: the process list would show it.
      environment: { ...place.environment, FOREMAN_TOKEN: place.enrolmentToken },
    },
    place.clock,
  );
  started(program);
  await program.lineMatching(/agent started/, START_WITHIN_MS, place.signal);
  return program;
}
