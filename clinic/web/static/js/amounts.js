// Amounts as people type and read them: whole thousandths inside, comma and point alike.
const EASTERN = "٠١٢٣٤٥٦٧٨٩";
/** Whole thousandths of what was typed; null when it is no such number. */
export function thousandths(raw) {
  const plain = raw.trim().replace(/[٠-٩]/g, (digit) => EASTERN.indexOf(digit)).replace(/[,٫]/, ".");
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(plain)) return null;
  const [whole, rest = ""] = plain.split(".");
  return Number(whole) * 1000 + Number(rest.padEnd(3, "0"));
}
/** Thousandths as text, with at least so many places. */
export function shown(amount, places = 2) {
  const sign = amount < 0 ? "-" : "";
  const digits = String(Math.abs(amount)).padStart(4, "0");
  const rest = digits.slice(-3).replace(/0+$/, "").padEnd(places, "0");
  return `${sign}${digits.slice(0, -3)}${rest ? `.${rest}` : ""}`;
}
