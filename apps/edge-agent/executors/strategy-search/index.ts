export { STRATEGY_SEARCH_KIND, StrategySearchExecutor } from './strategy-search.executor';
export { searchDirectly } from './search/search-directly';
export type { DirectSearch } from './search/search-directly';
export type { CompletionReport, ReportedConfig } from './artifacts/completion-report';
