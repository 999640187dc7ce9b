import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { TaskFailure } from '@foreman/edge-sdk';
import type { Completion, Executor, LeasedTask, TaskContext } from '@foreman/edge-sdk';
import { BodyTooLarge, readBounded } from '@foreman/gateway-http';
import { ollamaAddress } from './ollama-address';
import { DEFAULT_MAX_RESPONSE_BYTES } from './ollama-defaults';
import { ollamaFailure } from './ollama-failure';

export interface OllamaChatOptions {
  /** As OLLAMA_HOST: host, host:port or an http(s) address. */
  readonly host: string;
  /** A longer answer fails its task: what the gateway would refuse need not be held. */
  readonly maxResponseBytes?: number;
  /** How long Ollama may be silent: it answers only when the whole completion is made. */
  readonly answerTimeoutSeconds?: number;
}

/** Loading a large model and a long answer on a CPU take many minutes; a task's own timeout ends it sooner. */
export const DEFAULT_ANSWER_TIMEOUT_SECONDS = 3600;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Kind `chat`: one call of Ollama's `/api/chat`. The answer's bytes become the artifact `completion` untouched:
 * what is stored can be compared with what Ollama sent, and any reader of Ollama responses can read it.
 */
export class OllamaChatExecutor implements Executor {
  readonly kind = 'chat';
  private readonly address: string;
  private readonly dispatcher: Agent;

  /** Throws `request.invalid` for a host that cannot be called. */
  constructor(private readonly options: OllamaChatOptions) {
    this.address = ollamaAddress(options.host);
    const timeoutMs = 1000 * (options.answerTimeoutSeconds ?? DEFAULT_ANSWER_TIMEOUT_SECONDS);
    this.dispatcher = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  async run(task: LeasedTask, context: TaskContext): Promise<Completion> {
    const model = task.payload['model'];
    context.progress({ status: `waiting for ${typeof model === 'string' ? model : 'Ollama'}` });
    const { status, bytes } = await this.chat(task, context.signal);
    if (status !== 200) throw ollamaFailure(status, bytes.toString('utf8'));
    requireFinalResponse(bytes);
    await context.putArtifact({
      name: 'completion',
      contentType: 'application/json',
      body: bytes,
    });
    return {};
  }

  private async chat(
    task: LeasedTask,
    signal: AbortSignal,
  ): Promise<{ status: number; bytes: Buffer }> {
    const limitBytes = this.options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
    const address = new URL(this.address);
    let response: Dispatcher.ResponseData;
    try {
      response = await this.dispatcher.request({
        origin: address.origin,
        path: `${address.pathname.replace(/\/$/, '')}/api/chat`,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        // A stream would come as many objects; the contract stores the one final response.
        body: JSON.stringify({ ...task.payload, stream: false }),
        signal,
      });
      return {
        status: response.statusCode,
        bytes: await readBounded(response.body, limitBytes),
      };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BodyTooLarge) {
        throw new TaskFailure(
          'chat.response_too_large',
          `Ollama's answer is longer than ${limitBytes} bytes (the agent's ollama.maxResponseBytes)`,
          false,
        );
      }
      const reason = error instanceof Error ? error.message : String(error);
      throw new TaskFailure('chat.ollama_unreachable', `no answer from Ollama: ${reason}`, true);
    }
  }
}

/** A 200 that is not a finished chat response must not be published as one. */
function requireFinalResponse(bytes: Buffer): void {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new TaskFailure('chat.bad_response', 'Ollama answered 200 with something not JSON', true);
  }
  const isFinal =
    typeof value === 'object' && value !== null && 'message' in value && !('error' in value);
  if (!isFinal) {
    throw new TaskFailure('chat.bad_response', 'Ollama answered 200 without a message', true);
  }
}
