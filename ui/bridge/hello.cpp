// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/hello.h"

#include <QCoreApplication>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "ui/bridge/edit_words.h"

namespace moe::ui {
namespace {

using nlohmann::json;

constexpr auto kPolicy = "router.policy", kDevice = "train.device";

QString text(const json& object, const char* key) { return QString::fromStdString(object.value(key, std::string())); }

QStringList list(const json& object, const char* key) {
  QStringList out;
  if (const auto it = object.find(key); it != object.end() && it->is_array())
    for (const json& item : *it)
      if (item.is_string()) out << QString::fromStdString(item.get<std::string>());
  return out;
}

KnobSpec::Kind kindOf(const QString& word) {
  if (word == QLatin1String("integer")) return KnobSpec::Integer;
  if (word == QLatin1String("boolean")) return KnobSpec::Boolean;
  if (word == QLatin1String("choice")) return KnobSpec::Choice;
  return word == QLatin1String("text") ? KnobSpec::Text : KnobSpec::Real;
}

KnobSpec knobFromJson(const json& object) {
  KnobSpec spec;
  spec.key = text(object, "key");
  spec.label = text(object, "label");
  spec.help = text(object, "help");
  spec.unit = text(object, "unit");
  spec.source = text(object, "source");
  spec.group = text(object, "group");
  spec.task = text(object, "task");
  spec.kind = kindOf(text(object, "kind"));
  spec.live = text(object, "when") != QLatin1String("new_run");
  spec.minimum = object.value("minimum", 0.0);
  spec.maximum = object.value("maximum", 0.0);
  spec.sliderMinimum = object.value("slider_minimum", spec.minimum);
  spec.sliderMaximum = object.value("slider_maximum", spec.maximum);
  spec.logScale = object.value("log_scale", false);
  spec.advanced = object.value("advanced", false);
  spec.choices = list(object, "choices");
  for (const char* name : {"default", "fallback"})
    if (object.contains(name)) spec.fallback = object.at(name);
  return spec;
}

RouterSpec routerFromJson(const json& object) {
  RouterSpec router;
  router.name = text(object, "name");
  router.label = text(object, "label");
  if (router.label.isEmpty()) router.label = QString(router.name).replace(QLatin1Char('_'), QLatin1Char(' '));
  router.help = text(object, "help");
  router.source = text(object, "source");
  router.causal = object.value("causal", true);
  router.settings = list(object, "settings");
  return router;
}

/// Labels and help of the policies in the order of the knob's choices.
void describePolicies(Hello& hello) {
  for (KnobSpec& spec : hello.knobs) {
    if (spec.key != QLatin1String(kPolicy) || hello.routers.empty()) continue;
    for (const QString& choice : spec.choices) {
      const RouterSpec* router = hello.router(choice);
      QStringList help;
      if (router) help << router->help;
      if (router && !router->causal)
        help << QCoreApplication::translate(
            "Hello", "Looks at later tokens of the text: its loss is no fair loss of a language model.");
      if (router) help << router->source;
      help.removeAll(QString());
      spec.choiceLabels << (router ? router->label : QString(choice).replace(QLatin1Char('_'), QLatin1Char(' ')));
      spec.choiceHelp << help.join(QLatin1Char('\n'));
    }
  }
}

/// What the engine found of CUDA, or the sentence that says what is missing: then CUDA cannot be chosen.
void describeDevices(Hello& hello, const json& cuda) {
  QString sentence = text(cuda, "text");
  if (const QString where = QLatin1String(kDevice) + QLatin1String(": "); sentence.startsWith(where))
    sentence.remove(0, where.size());  // it stands under that field
  sentence.replace(QLatin1String("with --device cpu"), QCoreApplication::translate("Hello", "on the CPU"));
  if (!sentence.isEmpty()) sentence[0] = sentence[0].toUpper();
  const bool usable = cuda.value("usable", false);
  for (KnobSpec& spec : hello.knobs) {
    if (spec.key != QLatin1String(kDevice)) continue;
    spec.note = sentence;
    spec.help += QLatin1Char('\n') + sentence;
    for (const QString& choice : spec.choices) {
      const bool itself = choice == QLatin1String("cuda");
      spec.choiceClosed << (itself && !usable ? sentence : QString());
      spec.choiceHelp << (itself ? sentence
                          : choice == QLatin1String("auto")
                              ? QCoreApplication::translate("Hello", "CUDA where it can be used, else the CPU.")
                              : QString());
    }
  }
}

QString grouped(qint64 value) {
  QString digits = QString::number(std::llabs(value));
  for (qsizetype at = digits.size() - 3; at > 0; at -= 3) digits.insert(at, QLatin1Char(','));
  return value < 0 ? QChar(0x2212) + digits : digits;
}

/// Shortest text that reads back as the same number, in the form people write: 0.02, 3.0e-4.
QString realText(double value) {
  if (!std::isfinite(value)) return QStringLiteral("–");
  std::array<char, 64> buffer{};
  const bool small = value != 0 && std::abs(value) < 1e-3, large = std::abs(value) >= 1e6;
  const auto form = small || large ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form);
  if (end.ec != std::errc{}) return QString::number(value);
  QString out = QString::fromLatin1(buffer.data(), end.ptr - buffer.data());
  if (form == std::chars_format::scientific) {
    const qsizetype e = out.indexOf(QLatin1Char('e'));
    const int exponent = out.mid(e + 1).toInt();
    QString mantissa = out.left(e);
    if (!mantissa.contains(QLatin1Char('.'))) mantissa += QLatin1String(".0");
    out = mantissa + QLatin1Char('e') + QString::number(exponent);
  }
  return out;
}

}  // namespace

const KnobSpec* Hello::knob(const QString& key) const {
  for (const KnobSpec& spec : knobs)
    if (spec.key == key) return &spec;
  return nullptr;
}

const PresetSpec* Hello::preset(const QString& name) const {
  for (const PresetSpec& spec : presets)
    if (spec.name == name) return &spec;
  return nullptr;
}

const RouterSpec* Hello::router(const QString& name) const {
  for (const RouterSpec& router : routers)
    if (router.name == name) return &router;
  return nullptr;
}

bool Hello::reads(const QString& policy, const KnobSpec& spec) const {
  const RouterSpec* router = this->router(policy);
  if (!router || spec.group != QLatin1String("Routing") || spec.key == QLatin1String(kPolicy)) return true;
  return router->settings.contains(spec.key);
}

bool Hello::editsExperts() const { return actions.contains(QLatin1String(kRevive)); }

Hello helloFromJson(const json& object) {
  Hello hello;
  hello.version = text(object, "version");
  hello.device = text(object, "device");
  hello.devices = list(object, "devices");
  hello.protocol = object.value("protocol", 0);
  hello.threads = object.value("threads", 0);
  hello.pid = object.value("pid", qint64{0});
  for (const json& knob : object.at("knobs")) hello.knobs.push_back(knobFromJson(knob));
  for (const json& preset : object.at("presets"))
    hello.presets.push_back({text(preset, "name"), text(preset, "title"), text(preset, "summary"),
                             nlohmann::ordered_json(preset.value("settings", json::object()))});
  if (const auto routers = object.find("routers"); routers != object.end() && routers->is_array())
    for (const json& router : *routers) hello.routers.push_back(routerFromJson(router));
  if (const auto actions = object.find("actions"); actions != object.end() && actions->is_array())
    for (const json& action : *actions) hello.actions << text(action, "key");
  describePolicies(hello);
  if (const auto cuda = object.find("cuda"); cuda != object.end() && cuda->is_object()) describeDevices(hello, *cuda);
  if (const auto sheets = object.find("sheets"); sheets != object.end() && sheets->is_array())
    for (const json& sheet : *sheets)
      hello.sheets.push_back({text(sheet, "name"), text(sheet, "title"), text(sheet, "paper")});
  return hello;
}

double numberOf(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  return std::numeric_limits<double>::quiet_NaN();
}

QString knobText(const KnobSpec& spec, const json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) {
    const QString word = QString::fromStdString(value.get<std::string>());
    const qsizetype choice = spec.choices.indexOf(word);
    if (choice >= 0 && choice < spec.choiceLabels.size()) return spec.choiceLabels[choice];
    return spec.kind == KnobSpec::Choice ? QString(word).replace(QLatin1Char('_'), QLatin1Char(' ')) : word;
  }
  if (value.is_boolean()) return value.get<bool>() ? QStringLiteral("on") : QStringLiteral("off");
  if (!value.is_number()) return {};
  if (spec.kind == KnobSpec::Integer && value.is_number_integer()) return grouped(value.get<qint64>());
  return realText(value.get<double>());
}

std::optional<json> knobValue(const KnobSpec& spec, const QString& typed) {
  if (spec.kind == KnobSpec::Text || spec.kind == KnobSpec::Choice) return json(typed.toStdString());
  QString plain = typed.trimmed();
  plain.remove(QLatin1Char(' ')).remove(QChar(0x2009)).remove(QChar(0x202F)).replace(QChar(0x2212), QLatin1Char('-'));
  if (spec.kind == KnobSpec::Boolean) return std::nullopt;
  const bool thousands = plain.count(QLatin1Char(',')) > 0 && plain.lastIndexOf(QLatin1Char(',')) == plain.size() - 4;
  // "0,02" is how half the world writes 0.02; "1,024" is how this window writes 1024.
  if (spec.kind == KnobSpec::Integer || thousands)
    plain.remove(QLatin1Char(','));
  else
    plain.replace(QLatin1Char(','), QLatin1Char('.'));
  if (plain.startsWith(QLatin1Char('+'))) plain.remove(0, 1);
  const std::string bytes = plain.toStdString();
  double number = 0;
  const auto end = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
  if (bytes.empty() || end.ptr != bytes.data() + bytes.size() || end.ec != std::errc{} || !std::isfinite(number))
    return std::nullopt;
  if (spec.kind == KnobSpec::Real) return json(number);
  if (number != std::floor(number) || std::abs(number) > 9.007e15) return std::nullopt;
  return json(static_cast<std::int64_t>(number));
}

json valueFromText(const std::string& text) {
  if (text.size() > 64) return text;
  json value = json::parse(text, nullptr, false);
  return value.is_primitive() && !value.is_discarded() ? value : json(text);
}

}  // namespace moe::ui
