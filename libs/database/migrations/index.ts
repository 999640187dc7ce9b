import { Initial1763769600000 } from './1763769600000-initial';

/** Every migration, oldest first. A migration that has been released is never edited. */
export const MIGRATIONS = [Initial1763769600000] as const;
