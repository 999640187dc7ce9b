import { TaskFailure } from '@foreman/edge-sdk';

const MAX_ERROR_CHARS = 1000;

/**
 * What passes by itself, of the statuses that Ollama answers: overloaded, the client's side closed, crashed while
 * loading, a cloud model's upstream away. Another edge, or this one later, may succeed.
 */
const PASSING_STATUSES = new Set([429, 499]);

/** The failure for a refusal by Ollama: `{"error": "..."}` is what its operator would have seen. */
export function ollamaFailure(status: number, body: string): TaskFailure {
  const isPassing = PASSING_STATUSES.has(status) || status >= 500;
  const code = status === 404 ? 'chat.model_missing' : `chat.ollama_${status}`;
  return new TaskFailure(code, `Ollama answered ${status}: ${errorText(body)}`, isPassing);
}

function errorText(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'error' in value) {
      return String(value.error).slice(0, MAX_ERROR_CHARS);
    }
  } catch {
    // Not Ollama's JSON: a proxy's page, whose beginning says enough.
  }
  return body.slice(0, MAX_ERROR_CHARS) || 'no body';
}
