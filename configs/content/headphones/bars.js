// The noise of a street from the left, and what is left of it to the right: one bar each.
const COUNT = 44;
const bars = document.getElementById("bars");

for (let n = 0; n < COUNT; n += 1) {
  const across = n / (COUNT - 1);
  const loud = (1 - across) ** 1.7;
  const rough = 0.55 + 0.45 * Math.abs(Math.sin(n * 2.4) * Math.cos(n * 1.1));
  const bar = document.createElement("i");
  bar.style.setProperty("--high", Math.max(0.014, loud * rough).toFixed(3));
  bar.style.setProperty("--low", Math.max(0.014, loud * rough * 0.28).toFixed(3));
  bar.style.setProperty("--beat", `${(0.34 + 0.5 * Math.abs(Math.sin(n * 7.3))).toFixed(2)}s`);
  bar.style.setProperty("--warm", `${Math.round(100 - 100 * across)}%`);
  bars.append(bar);
}
