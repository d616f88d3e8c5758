// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/setup_file.h"

#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

namespace moe::ui {
namespace {

constexpr int kFormat = 1;
constexpr std::size_t kMostControls = 64;

[[noreturn]] void wrong(const QString& file, const char* what, const char* limit) {
  throw Error(ErrorKind::bad_input, what, QFileInfo(file).fileName().toStdString(), limit,
              "Ask the sender for the file once more, or make the run in the New run dialog");
}

nlohmann::ordered_json parsed(const QString& file) {
  QFile in(file);
  if (!in.open(QIODevice::ReadOnly)) wrong(file, "The set-up cannot be read", "a file that may be read");
  if (in.size() > kMostSetupBytes) wrong(file, "The set-up is too large", "4 MiB");
  const QByteArray bytes = in.readAll();
  try {
    protocol::parse_line(bytes.toStdString());  // depth, duplicate keys, NUL bytes
    return nlohmann::ordered_json::parse(bytes.begin(), bytes.end());
  } catch (const std::exception&) {
    wrong(file, "The set-up is no JSON", "a JSON object");
  }
}

void readControls(const QString& file, const nlohmann::ordered_json& list, Setup& out) {
  if (!list.is_array() || list.size() > kMostControls)
    wrong(file, "“controls” is no list of settings", "a list of at most 64 keys");
  for (const auto& key : list) {
    if (!key.is_string()) wrong(file, "“controls” holds something that is no key", "keys such as router.noise");
    out.controls << QString::fromStdString(key.get<std::string>());
  }
}

}  // namespace

NewRunRequest Setup::request() const {
  NewRunRequest out;
  out.preset = preset;
  out.settings = settings;
  out.points = points;
  return out;
}

bool isSetupFile(const QString& path) { return path.endsWith(QLatin1String(kSetupEnding), Qt::CaseInsensitive); }

Setup readSetup(const QString& file) {
  const nlohmann::ordered_json json = parsed(file);
  if (!json.is_object() || !json.contains("moe_setup")) wrong(file, "This is no set-up", "a field “moe_setup”");
  if (!json["moe_setup"].is_number_integer() || json["moe_setup"].get<qint64>() != kFormat)
    wrong(file, "The set-up is of another version of this program", "moe_setup 1");
  Setup out;
  const auto preset = json.find("preset");
  if (preset == json.end() || !preset->is_string()) wrong(file, "The set-up names no preset", "a field “preset”");
  out.preset = QString::fromStdString(preset->get<std::string>());
  if (const auto settings = json.find("settings"); settings != json.end()) {
    if (!settings->is_object()) wrong(file, "“settings” is no object", "key and value pairs");
    for (const auto& [key, value] : settings->items()) {
      if (value.is_structured() || value.is_null())
        wrong(file, "A setting is no plain value", "numbers, words, true or false");
      out.settings[key] = value;
    }
  }
  if (const auto controls = json.find("controls"); controls != json.end()) readControls(file, *controls, out);
  if (const auto points = json.find("points"); points != json.end() && !points->is_null()) {
    if (!points->is_array()) wrong(file, "“points” is no list", "a list of [x, y, class]");
    out.points = *points;
  }
  if (const auto present = json.find("present"); present != json.end()) {
    if (!present->is_boolean()) wrong(file, "“present” is neither true nor false", "true or false");
    out.present = present->get<bool>();
  }
  return out;
}

QString writeSetup(const QString& file, const Setup& setup) {
  nlohmann::ordered_json json{
      {"moe_setup", kFormat}, {"preset", setup.preset.toStdString()}, {"settings", setup.settings}};
  json["controls"] = nlohmann::ordered_json::array();
  for (const QString& key : setup.controls) json["controls"].push_back(key.toStdString());
  if (setup.present) json["present"] = true;
  if (!setup.points.is_null()) json["points"] = setup.points;
  QSaveFile out(file);
  const std::string text = json.dump(2) + "\n";
  if (!out.open(QIODevice::WriteOnly) || out.write(text.data(), static_cast<qint64>(text.size())) < 0 || !out.commit())
    return QObject::tr("Couldn't write %1: %2. Choose another folder.").arg(file, out.errorString());
  return {};
}

Setup setupOf(const Hello& hello, const protocol::RunInfo& run, const protocol::PlanePoints* points) {
  Setup out;
  out.preset = QString::fromStdString(run.preset);
  const PresetSpec* base = hello.preset(out.preset);
  for (const auto& [key, value] : run.config.items()) {
    const KnobSpec* spec = hello.knob(QString::fromStdString(key));
    if (!spec || key == "data.path" || key == "train.device" || key == "train.threads") continue;
    const nlohmann::json standard =
        base && base->settings.contains(key) ? nlohmann::json(base->settings.at(key)) : spec->fallback;
    if (nlohmann::json(value) != standard) out.settings[key] = value;
  }
  const bool own = run.config.is_object() && (run.config.value("data.points", std::string()) == "drawing" ||
                                              run.config.value("data.points", std::string()) == "file");
  if (!own || !points) return out;
  out.settings["data.points"] = "drawing";  // the receiver has no such file: the points travel along
  out.points = nlohmann::ordered_json::array();
  for (const auto* sample : {&points->train, &points->held_out})
    for (int i = 0; i < sample->size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      nlohmann::ordered_json point{sample->xy[2 * at], sample->xy[2 * at + 1]};
      if (points->classes > 0)
        point.push_back(sample->label[at]);
      else
        point.push_back(sample->value[at]);
      out.points.push_back(std::move(point));
    }
  return out;
}

}  // namespace moe::ui
