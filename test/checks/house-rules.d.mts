export function houseRuleFindings(
  path: string,
  text: string,
): { readonly line: number; readonly message: string }[];
