// How the page looks: the operator's choices, the notice to the public, a point to look at.

const root = document.documentElement;
const point = document.getElementById("point");
const notice = document.getElementById("notice");

// How long a content takes to come in.
let comingIn = 0;
export const switchMs = () => comingIn;

export function setUp({ transition, transition_ms, background, notice: told }) {
  root.dataset.transition = transition;
  comingIn = transition === "cut" ? 0 : transition_ms;
  root.style.setProperty("--switch", `${comingIn}ms`);
  root.style.setProperty("--background", background);
  notice.hidden = !told;
  notice.replaceChildren();
  if (!told) return;
  notice.dataset.corner = told.corner;
  if (told.qr) {
    const code = new Image();
    Object.assign(code, { alt: "QR code", src: told.qr });
    notice.append(code);
  }
  const text = document.createElement("p");
  text.textContent = told.text;
  notice.append(text);
}

// While the eyes are calibrated.
export function showPoint({ x, y }) {
  point.hidden = x === undefined;
  if (point.hidden) return;
  point.style.left = `${100 * x}%`;
  point.style.top = `${100 * y}%`;
}
