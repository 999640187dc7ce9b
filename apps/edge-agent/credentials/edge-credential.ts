import { EdgeConnection, TokenRefused } from '@foreman/edge-sdk';
import type { AgentLog, EnrolAnswer } from '@foreman/edge-sdk';
import { GatewayProblem, retrying } from '@foreman/gateway-http';
import { invalidField, sha256Hex } from '@foreman/kernel';
import type { Clock, RandomSource } from '@foreman/kernel';
import type { AgentSettings } from '../config/agent-settings';
import { AGENT_VERSION } from '../agent-version';
import type { TokenFile } from './token-file';

export interface CredentialParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: AgentLog;
  readonly tokenFile: TokenFile;
  /** `<operating system>-<processor>`, as releases name it. */
  readonly platform: string;
  readonly signal: AbortSignal;
}

/**
 * The edge's own token: the one given, the one kept, or a new one in exchange for an enrolment token. A new one is
 * on the disk before it is first used, so that a crash at any point leaves an enrolment that can be repeated.
 * Throws `TokenRefused`, `StateUnusable`, `request.invalid` when there is no token at all, or the gateway's refusal.
 */
export async function edgeCredential(
  settings: AgentSettings,
  parts: CredentialParts,
): Promise<string> {
  const { token, url } = settings;
  if (token?.startsWith('fme_')) return token;
  const kept = await parts.tokenFile.read();
  if (token === null) {
    if (kept?.gateway === url) return kept.token;
    throw invalidField('token', `is needed: none is kept for ${url}`);
  }
  const enrolmentSha256 = sha256Hex(token);
  if (kept?.gateway === url && kept.enrolmentSha256 === enrolmentSha256) return kept.token;

  await parts.tokenFile.prepare();
  const answer = await enrol(settings, token, parts);
  await parts.tokenFile.save({
    gateway: url,
    edgeId: answer.edgeId,
    name: settings.name,
    token: answer.token,
    enrolmentSha256,
  });
  parts.log.info({ edgeId: answer.edgeId, name: settings.name }, 'enrolled');
  return answer.token;
}

async function enrol(
  { url, name, kinds, labels }: AgentSettings,
  enrolmentToken: string,
  { clock, random, log, platform, signal }: CredentialParts,
): Promise<EnrolAnswer> {
  const connection = new EdgeConnection({ baseUrl: url, token: enrolmentToken, clock });
  try {
    return await retrying(
      () =>
        connection.enrol({ name, kinds, labels, agentVersion: AGENT_VERSION, platform }, signal),
      {
        clock,
        random,
        signal,
        onRetry: ({ error, delayMs }) =>
          log.warn({ delayMs, reason: error.message }, 'enrolment failed; trying again'),
      },
    );
  } catch (error) {
    if (error instanceof GatewayProblem && error.status === 401) {
      throw new TokenRefused('the gateway refused the enrolment token: unknown, expired or spent');
    }
    throw error;
  } finally {
    await connection.close();
  }
}
