export { type Breaker, type BreakerState, createBreaker, type CreateBreakerOptions } from './breaker.ts';
export { retry, type RetryOptions } from './retry.ts';
export { createRetryBudget, type CreateRetryBudgetOptions, type RetryBudget } from './retry-budget.ts';
export { backoffMs, type BackoffOptions } from './backoff.ts';
export { shaveDeadline } from './shave-deadline.ts';
