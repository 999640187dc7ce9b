export type Environment = Readonly<Record<string, string>>;

/** Settings of a gateway or agent that is somebody's own: the demo's children must not see them. */
const FOREIGN = /^(FOREMAN_|HOST$|PORT$)/;

/** What the demo's children inherit of this environment. */
export function childEnvironment(environment: NodeJS.ProcessEnv): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !FOREIGN.test(entry[0]),
    ),
  );
}
