export {
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_OLLAMA_HOST,
  OllamaChatExecutor,
} from './ollama-chat.executor';
export type { OllamaChatOptions } from './ollama-chat.executor';
