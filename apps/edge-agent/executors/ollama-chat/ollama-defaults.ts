export const DEFAULT_OLLAMA_HOST = 'http://127.0.0.1:11434';
export const DEFAULT_MAX_RESPONSE_BYTES = 8 * 1024 * 1024;
