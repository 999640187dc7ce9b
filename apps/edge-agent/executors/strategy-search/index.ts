export { StrategySearchExecutor } from './strategy-search.executor';
export { searchDirectly } from './search/search-directly';
