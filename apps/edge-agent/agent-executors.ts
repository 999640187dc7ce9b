import type { Executor } from '@foreman/edge-sdk';
import type { Clock } from '@foreman/kernel';
import type { AgentKind, AgentSettings } from './config/agent-settings';
import { CommandExecutor } from './executors/command';
import { LazyExecutor } from './executors/lazy-executor';
import { ollamaAddress } from './executors/ollama-chat/ollama-address';

/** Which executor runs which kind: the one place to add another. The heavy ones are loaded when they are needed. */
const MAKERS: Readonly<Record<AgentKind, (settings: AgentSettings, clock: Clock) => Executor>> = {
  'strategy-search': () =>
    new LazyExecutor(
      'strategy-search',
      async () => {
        const { StrategySearchExecutor } = await import('./executors/strategy-search');
        return new StrategySearchExecutor();
      },
      true,
    ),
  chat: ({ ollama }) => {
    // Refuses a wrong host when the agent starts, not with its first task.
    ollamaAddress(ollama.host);
    return new LazyExecutor('chat', async () => {
      const { OllamaChatExecutor } = await import('./executors/ollama-chat');
      return new OllamaChatExecutor(ollama);
    });
  },
  command: ({ commands }, clock) => new CommandExecutor(commands, clock),
};

export function agentExecutors(settings: AgentSettings, clock: Clock): Executor[] {
  return settings.kinds.map((kind) => MAKERS[kind](settings, clock));
}
