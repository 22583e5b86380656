// One element for each medium, and when it can be painted.

function once(target, event) {
  return new Promise((resolve, reject) => {
    target.addEventListener(event, resolve, { once: true });
    target.addEventListener("error", reject, { once: true });
  });
}

function frame(url) {
  const layer = document.createElement("iframe");
  layer.sandbox = "allow-scripts";
  layer.src = url;
  const loaded = once(layer, "load");
  return { layer, loaded: () => loaded };
}

function picture(url) {
  const layer = new Image();
  layer.alt = "";
  layer.src = url;
  return { layer, loaded: () => layer.decode() };
}

function film(url, { sound }) {
  const layer = document.createElement("video");
  const muted = !sound;
  Object.assign(layer, { muted, playsInline: true, loop: true, preload: "auto", src: url });
  const loaded = once(layer, "canplay");
  layer.addEventListener("shown", () => {
    layer.currentTime = 0;
    layer.play().catch(() => {
      // A browser that allows no sound before somebody has touched the page.
      layer.muted = true;
      layer.play().catch((error) => console.warn(`${url} does not play: ${error.message}`));
    });
  });
  layer.addEventListener("hidden", () => layer.pause());
  return { layer, loaded: () => loaded };
}

export function media(medium, url, { fit, background, sound }) {
  const made = { html: frame, image: picture, video: film }[medium](url, { sound });
  if (medium !== "html") {
    made.layer.style.objectFit = fit;
    if (background) made.layer.style.backgroundColor = background;
  }
  return made;
}
