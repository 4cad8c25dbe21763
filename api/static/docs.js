/* Shows /openapi.json: a list of operations, each filled in when it is opened, and a form to try it.
   Nothing is loaded from anywhere else, and nothing that stands in the document is taken as markup. */
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((each) => each != null));
    return made;
  };
  const METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];
  const DEPTH = 6;
  let contract;

  /* `code` in texts, and nothing else of Markdown: that is all the document uses. */
  const prose = (text) => {
    const pieces = (text || "").split(/`([^`]+)`/);
    return pieces.map((piece, n) => (n % 2 ? make("code", {}, piece) : piece));
  };
  const paragraphs = (text) =>
    (text || "").split(/\n\s*\n/).filter(Boolean).map((part) => make("p", {}, ...prose(part)));

  const resolved = (thing) => {
    if (!thing || !thing.$ref) return thing;
    return thing.$ref.slice(2).split("/").reduce((at, step) => at && at[step], contract);
  };
  const nameOf = (thing) => (thing && thing.$ref ? thing.$ref.split("/").pop() : "");

  /* --- schemas --- */

  const kindOf = (schema) => {
    if (!schema) return "anything";
    if (schema.$ref) return nameOf(schema);
    if (schema.anyOf || schema.oneOf) {
      return (schema.anyOf || schema.oneOf).map(kindOf).join(" or ");
    }
    if ("const" in schema) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
    const known = schema["x-known-values"];
    if (known) return known.join(" | ") + " | …";
    if (schema.items) return `list of ${kindOf(schema.items)}`;
    const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "anything";
    return schema.format ? `${type} (${schema.format})` : type;
  };
  const bounds = (schema) => {
    const said = [];
    const each = [["minimum", "≥ "], ["maximum", "≤ "], ["minLength", "letters ≥ "],
      ["maxLength", "letters ≤ "], ["maxItems", "elements ≤ "], ["default", "default "]];
    for (const [name, words] of each) {
      if (schema && schema[name] !== undefined) said.push(words + JSON.stringify(schema[name]));
    }
    return said.join(", ");
  };
  const objectIn = (schema) => {
    const found = resolved(schema);
    if (!found) return null;
    if (found.properties) return found;
    for (const each of [...(found.anyOf || []), ...(found.oneOf || []), ...(found.allOf || [])]) {
      const inner = objectIn(each);
      if (inner) return inner;
    }
    return found.items ? objectIn(found.items) : null;
  };
  const tree = (schema, depth = 0) => {
    const list = make("ul", { class: "tree" });
    const needed = new Set(schema.required || []);
    for (const [name, of] of Object.entries(schema.properties || {})) {
      const head = [make("code", {}, name), " ", make("span", { class: "kind" }, kindOf(of))];
      if (needed.has(name)) head.push(" ", make("span", { class: "needed" }, "always"));
      const more = [bounds(of), of.description].filter(Boolean).join(". ");
      if (more) head.push(" ", ...prose(more));
      const inner = depth < DEPTH ? objectIn(of) : null;
      if (!inner) { list.append(make("li", {}, ...head)); continue; }
      const details = make("details", {}, make("summary", {}, ...head));
      details.addEventListener("toggle", () => {
        if (details.open && details.children.length === 1) details.append(tree(inner, depth + 1));
      });
      list.append(make("li", {}, details));
    }
    return list;
  };
  const shown = (content) => {
    const parts = [];
    for (const [mediaType, of] of Object.entries(content || {})) {
      parts.push(make("p", { class: "kind" }, mediaType));
      const object = objectIn(of.schema);
      if (object) {
        parts.push(make("details", {}, make("summary", {}, `Fields of ${kindOf(of.schema)}`), tree(object)));
      } else if (of.schema) parts.push(make("p", {}, kindOf(of.schema)));
      if (of.example !== undefined) {
        const text = typeof of.example === "string" ? of.example : JSON.stringify(of.example, null, 2);
        parts.push(make("details", {}, make("summary", {}, "Example"), make("pre", {}, make("code", {}, text))));
      }
    }
    return parts;
  };

  /* --- one operation --- */

  const parametersOf = (operation) => (operation.parameters || []).map(resolved);
  const parameterTable = (parameters) => {
    const rows = parameters.map((each) => make("tr", {},
      make("td", {}, make("code", {}, each.name), " ",
        each.required ? make("span", { class: "needed" }, "needed") : null),
      make("td", {}, each.in),
      make("td", {}, kindOf(each.schema), " ", make("span", { class: "kind" }, bounds(each.schema))),
      make("td", {}, ...prose(each.description))));
    const head = make("tr", {}, ...["Name", "Where", "Type", "About"].map((text) => make("th", {}, text)));
    return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  };
  const answers = (operation) => Object.entries(operation.responses).map(([status, given]) => {
    const response = resolved(given);
    const inside = make("div", {});
    const details = make("details", {},
      make("summary", {}, make("code", {}, status), " ", ...prose(response.description)), inside);
    details.addEventListener("toggle", () => {
      if (!details.open || inside.children.length) return;
      for (const [name, of] of Object.entries(response.headers || {})) {
        inside.append(make("p", {}, make("code", {}, name), " ", ...prose(resolved(of).description)));
      }
      for (const of of Object.values(response.content || {})) {
        for (const [code, example] of Object.entries(of.examples || {})) {
          inside.append(make("p", {}, make("code", {}, code), " ", ...prose(example.value.remedy)));
        }
      }
      inside.append(...shown(response.content));
    });
    return details;
  });

  const tryForm = (path, method, operation) => {
    const rows = [];
    const inputs = parametersOf(operation)
      .filter((each) => each.name !== "X-Tenant-Id")
      .map((each) => {
        const example = each.in === "path" || each.required ? each.example : undefined;
        const input = make("input", { name: each.name, value: Array.isArray(example) ? example[0] : example,
          placeholder: each.required ? "needed" : "", spellcheck: "false", autocomplete: "off" });
        rows.push(make("label", { class: "row" }, make("code", {}, each.name), input));
        return [each, input];
      });
    const content = operation.requestBody && resolved(operation.requestBody).content;
    const mediaType = content && Object.keys(content)[0];
    let body;
    if (mediaType && mediaType.endsWith("json")) {
      body = make("textarea", { spellcheck: "false", "aria-label": "Body" });
      const example = content[mediaType].example;
      if (example !== undefined) body.value = JSON.stringify(example, null, 2);
    }
    const answer = make("div", { class: "answer", role: "status" });
    const form = make("form", {}, ...rows, body, make("button", { type: "submit" }, "Send"), answer);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      answer.replaceChildren("Asking…");
      answer.replaceChildren(...(await send(path, method, inputs, body, mediaType)));
    });
    return make("details", { class: "try" }, make("summary", {}, "Try it"), form);
  };
  const send = async (path, method, inputs, body, mediaType) => {
    let address = path;
    const query = new URLSearchParams();
    const headers = {};
    for (const [parameter, input] of inputs) {
      const text = input.value;
      if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(text));
      else if (text === "") continue;
      else if (parameter.in === "query") query.append(parameter.name, text);
      else headers[parameter.name] = text;
    }
    if (byId("key").value) headers.Authorization = `Bearer ${byId("key").value.trim()}`;
    if (byId("tenant").value) headers["X-Tenant-Id"] = byId("tenant").value.trim();
    if (body && body.value) headers["Content-Type"] = mediaType;
    const whole = query.size ? `${address}?${query}` : address;
    try {
      const response = await fetch(whole, { method: method.toUpperCase(), headers, credentials: "omit",
        cache: "no-store", body: body && body.value ? body.value : undefined });
      const type = response.headers.get("content-type") || "";
      const text = type.includes("json") || type.startsWith("text/") ? await response.text()
        : `${(await response.blob()).size} bytes of ${type || "nothing"}`;
      return [make("p", {}, make("code", {}, `${response.status}`), ` ${method.toUpperCase()} ${whole}`),
        make("pre", {}, make("code", {}, pretty(text, type)))];
    } catch (error) {
      return [make("p", {}, `No answer: ${error.message}`)];
    }
  };
  const pretty = (text, type) => {
    if (!type.includes("json")) return text;
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };

  const filled = (path, method, operation) => {
    const inside = make("div", { class: "inside" });
    const facts = [
      operation["x-scope"] ? `scope: ${operation["x-scope"]}` : "any key",
      operation["x-changes"] ? "changes something" : "only reads", operation.operationId];
    inside.append(make("ul", { class: "facts" }, ...facts.map((fact) => make("li", {}, fact))));
    inside.append(...paragraphs(operation.description));
    const parameters = parametersOf(operation);
    if (parameters.length) inside.append(make("h4", {}, "Parameters"), parameterTable(parameters));
    if (operation.requestBody) {
      const body = resolved(operation.requestBody);
      inside.append(make("h4", {}, "Body"), ...paragraphs(body.description), ...shown(body.content));
    }
    inside.append(make("h4", {}, "Answers"), ...answers(operation), tryForm(path, method, operation));
    return inside;
  };

  /* --- the page --- */

  const entries = [];
  const draw = () => {
    byId("version").textContent = `API ${contract.info.version}`;
    const about = byId("about");
    about.append(make("h1", {}, contract.info.title), ...paragraphs(contract.info.description),
      make("p", {}, "As files: ", make("a", { href: "/openapi.json" }, "OpenAPI"), ", ",
        make("a", { href: "/asyncapi.json" }, "AsyncAPI"), ", ",
        make("a", { href: "/schemas" }, "JSON Schemas"), "."));
    about.hidden = false;
    const tags = new Map(contract.tags.map((tag) => [tag.name, []]));
    for (const [path, methods] of Object.entries(contract.paths)) {
      for (const method of METHODS) {
        const operation = methods[method];
        if (operation) tags.get(operation.tags[0]).push({ path, method, operation });
      }
    }
    for (const [tag, those] of tags) {
      if (!those.length) continue;
      const section = make("section", {}, make("h2", {}, tag));
      const list = make("ul", {});
      const group = make("details", {}, make("summary", {}, tag), list);
      for (const { path, method, operation } of those) {
        const id = operation.operationId;
        const details = make("details", { class: "op", id }, make("summary", {},
          make("span", { class: `method ${method}` }, method.toUpperCase()),
          make("span", { class: "path" }, path), make("span", { class: "what" }, operation.summary)));
        details.addEventListener("toggle", () => {
          if (details.open && details.children.length === 1) details.append(filled(path, method, operation));
        });
        section.append(details);
        const link = make("a", { href: `#${id}` }, operation.summary);
        const item = make("li", {}, link);
        list.append(item);
        const words = [path, method, id, operation.summary, tag].join(" ").toLowerCase();
        entries.push({ words, details, item, group, section });
      }
      byId("nav").append(group);
      byId("operations").append(section);
    }
    byId("state").hidden = true;
  };
  const search = () => {
    const wanted = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const left = new Set();
    for (const each of entries) {
      const fits = wanted.every((word) => each.words.includes(word));
      each.details.hidden = each.item.hidden = !fits;
      if (fits) { left.add(each.group); left.add(each.section); }
    }
    for (const each of entries) {
      each.group.hidden = !left.has(each.group);
      each.section.hidden = !left.has(each.section);
      each.group.open = wanted.length > 0 && left.has(each.group);
    }
    byId("state").hidden = left.size > 0;
    byId("state").textContent = left.size > 0 ? "" : "No operation has these words.";
  };
  const go = () => {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  };

  byId("search").addEventListener("input", search);
  addEventListener("hashchange", go);
  fetch("/openapi.json").then((response) => {
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  }).then((read) => { contract = read; draw(); go(); })
    .catch((error) => { byId("state").textContent = `The document could not be read: ${error.message}`; });
})();
