import type { AgentInput } from './agent-settings';

/**
 * The only reader of the environment: FOREMAN_URL, FOREMAN_TOKEN (kept out of the process list, unlike `--token`),
 * FOREMAN_LOG_LEVEL, FOREMAN_RELEASE_PUBLIC_KEYS (separated by commas) and OLLAMA_HOST. Empty ones count as not set.
 */
export function agentEnvironment(environment: NodeJS.ProcessEnv = process.env): AgentInput {
  const text = (name: string) => environment[name] || undefined;
  const host = text('OLLAMA_HOST');
  return {
    url: text('FOREMAN_URL'),
    token: text('FOREMAN_TOKEN'),
    logLevel: text('FOREMAN_LOG_LEVEL'),
    releasePublicKeys: text('FOREMAN_RELEASE_PUBLIC_KEYS')
      ?.split(',')
      .map((key) => key.trim())
      .filter((key) => key !== ''),
    ollama: host === undefined ? undefined : { host },
  };
}
