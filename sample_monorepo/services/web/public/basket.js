"use strict";

const basket = new Map();

function show() {
  let total = 0;
  for (const { price, quantity } of basket.values()) total += price * quantity;
  const text = `${basket.size} kinds of goods, ${(total / 100).toFixed(2)} EUR`;
  document.querySelector("#basket").textContent = basket.size ? text : "Your basket is empty.";
  document.querySelector("#order").disabled = !basket.size;
}

document.querySelector("#goods").addEventListener("click", (event) => {
  if (event.target.tagName !== "BUTTON") return;
  const { sku, price } = event.target.closest("li").dataset;
  const line = basket.get(sku) ?? { price: Number(price), quantity: 0 };
  line.quantity += 1;
  basket.set(sku, line);
  show();
});

document.querySelector("#order").addEventListener("click", async () => {
  const lines = [...basket].map(([sku, { price, quantity }]) => ({ sku, quantity, price_minor: price }));
  const answer = await fetch("/orders", { method: "POST", body: JSON.stringify({ currency: "EUR", lines }) });
  if (answer.ok) basket.clear();
  show();
});
