export { OllamaChatExecutor } from './ollama-chat.executor';
