// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QDir>
#include <QFontDatabase>
#include <QPalette>
#include <QPixmapCache>
#include <QToolTip>
#include <algorithm>
#include <array>
#include <cmath>

#include "ui/widgets/studio_style.h"

namespace moe::ui {
namespace {

struct Pair {
  QRgb light, dark;
};

/// In the order of Role.
constexpr std::array<Pair, 21> kPalette{{
    {0xFFFFFFFF, 0xFF14161A}, {0xFFF6F7F9, 0xFF1A1D22}, {0xFFEEF0F3, 0xFF101215},  // canvas dock rail
    {0xFFE9ECF0, 0xFF23272D}, {0xFFEEF0F4, 0xFF24282E},                            // sunken hover
    {0xFFE3E6EB, 0xFF2A2F36}, {0xFFECEEF2, 0xFF23272D}, {0xFFC6CCD4, 0xFF414852},  // line grid soft
    {0xFF8A93A0, 0xFF69727E},                                                      // edge
    {0xFF15181D, 0xFFE9ECF0}, {0xFF525B66, 0xFFA9B1BC}, {0xFF69727E, 0xFF8B94A0},  // text text2 text3
    {0xFF4F46D8, 0xFF9A97FF}, {0xFF4F46D8, 0xFF5B54E0}, {0xFFEEEDFC, 0xFF25264A},  // accent fill wash
    {0xFF4F46D8, 0xFFB4B2FF},                                                      // selection
    {0xFFE0700A, 0xFFF08C2E}, {0xFFA85200, 0xFFF5A04C}, {0xFFFFF4E6, 0xFF2E2214},  // flag text ground
    {0xFFC0271F, 0xFFFF7A70}, {0xFFFDECEA, 0xFF331917},                            // error ground
}};
static_assert(static_cast<std::size_t>(Role::errorGround) + 1 == kPalette.size());

constexpr std::array<QRgb, Theme::kPins> kPinFill{0xFF009E73, 0xFFCC79A7, 0xFF56B4E9, 0xFFD55E00,
                                                  0xFF0072B2, 0xFFF0E442, 0xFFE69F00, 0xFF8A8A8A};
constexpr std::array<Pair, Theme::kPins> kPinStroke{{{0xFF00845F, 0xFF1FBF8F},
                                                     {0xFFB25A8C, 0xFFE08FBD},
                                                     {0xFF2486BF, 0xFF56B4E9},
                                                     {0xFFC25500, 0xFFF0772B},
                                                     {0xFF0072B2, 0xFF3FA0E0},
                                                     {0xFF8A7F00, 0xFFF0E442},
                                                     {0xFFA87300, 0xFFF0B030},
                                                     {0xFF6B6B6B, 0xFFA8A8A8}}};
constexpr std::array<const char16_t*, Theme::kPins> kPinShape{u"●", u"▲", u"■", u"◆", u"⬟", u"▼", u"✚", u"★"};
constexpr std::array<QRgb, 8> kExperts{0xFF56B4E9, 0xFFE69F00, 0xFF009E73, 0xFFCC79A7,
                                       0xFF0072B2, 0xFFD55E00, 0xFFF0E442, 0xFF8A8A8A};

struct Face {
  int pixels;
  QFont::Weight weight;
};
constexpr std::array<Face, 10> kFaces{{{11, QFont::Normal},
                                       {12, QFont::Normal},
                                       {12, QFont::Medium},
                                       {13, QFont::Normal},
                                       {13, QFont::DemiBold},
                                       {15, QFont::DemiBold},
                                       {20, QFont::DemiBold},
                                       {28, QFont::DemiBold},
                                       {22, QFont::DemiBold},
                                       {40, QFont::DemiBold}}};

/// First family of the list that this machine has; the embedded ones come first.
QString chooseFamily(const QStringList& wanted, const QString& fallback) {
  const QStringList have = QFontDatabase::families();
  for (const QString& name : wanted)
    if (have.contains(name)) return name;
  return fallback;
}

QString sansFamily() {
  static const QString family = chooseFamily({"MoE Sans", "Inter", "Noto Sans", "DejaVu Sans"},
                                             QFontDatabase::systemFont(QFontDatabase::GeneralFont).family());
  return family;
}

QString monoFamily() {
  static const QString family = chooseFamily({"MoE Mono", "JetBrains Mono", "Noto Sans Mono", "DejaVu Sans Mono"},
                                             QFontDatabase::systemFont(QFontDatabase::FixedFont).family());
  return family;
}

void loadEmbeddedFonts() {
  static const bool once = [] {
    const QDir folder(QStringLiteral(":/fonts"));
    for (const QString& file : folder.entryList({"*.ttf", "*.otf"}, QDir::Files))
      QFontDatabase::addApplicationFont(folder.filePath(file));
    return true;
  }();
  Q_UNUSED(once);
}

std::size_t slot(int index, std::size_t count) { return static_cast<std::size_t>(std::max(index, 0)) % count; }

}  // namespace

Theme& Theme::instance() {
  static Theme theme;
  return theme;
}

void Theme::apply(QApplication& app, Mode mode) {
  loadEmbeddedFonts();
  app_ = &app;
  mode_ = mode;
  rebuild();
}

void Theme::setScale(qreal scale) {
  const qreal wanted = std::clamp(std::isfinite(scale) ? scale : 1.0, 0.75, 2.5);
  if (qFuzzyCompare(wanted, scale_)) return;
  scale_ = wanted;
  if (app_) rebuild();
}

void Theme::rebuild() {
  QPalette palette;
  const auto set = [&](QPalette::ColorRole role, Role ours) { palette.setColor(role, color(ours)); };
  set(QPalette::Window, Role::canvas);
  set(QPalette::WindowText, Role::text);
  set(QPalette::Base, Role::canvas);
  set(QPalette::AlternateBase, Role::dock);
  set(QPalette::Text, Role::text);
  set(QPalette::PlaceholderText, Role::text3);
  set(QPalette::Button, Role::canvas);
  set(QPalette::ButtonText, Role::text);
  set(QPalette::BrightText, Role::error);
  set(QPalette::Highlight, Role::accentFill);
  palette.setColor(QPalette::HighlightedText, Qt::white);
  set(QPalette::Link, Role::accent);
  set(QPalette::LinkVisited, Role::accent);
  set(QPalette::ToolTipBase, Role::canvas);
  set(QPalette::ToolTipText, Role::text);
  set(QPalette::Light, Role::line);
  set(QPalette::Midlight, Role::line);
  set(QPalette::Mid, Role::soft);
  set(QPalette::Dark, Role::edge);
  set(QPalette::Shadow, Role::edge);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, color(Role::text3));
  palette.setColor(QPalette::Disabled, QPalette::Highlight, color(Role::sunken));
  palette.setColor(QPalette::Disabled, QPalette::HighlightedText, color(Role::text3));

  static bool styled = false;  // QApplication owns the style; a second one would only cost a repolish
  if (!styled) QApplication::setStyle(new StudioStyle);
  styled = true;
  QApplication::setPalette(palette);
  QApplication::setFont(font(Type::control13));
  QToolTip::setFont(font(Type::caption12));
  QToolTip::setPalette(palette);
  app_->setStyleSheet(styleSheet(*this));
  QPixmapCache::clear();
  emit changed();
}

QColor Theme::color(Role role) const {
  const Pair& pair = kPalette[static_cast<std::size_t>(role)];
  return QColor::fromRgba(dark() ? pair.dark : pair.light);
}

QFont Theme::font(Type type) const {
  const Face& face = kFaces[static_cast<std::size_t>(type)];
  QFont font(sansFamily());
  font.setPixelSize(px(face.pixels));
  font.setWeight(face.weight);
  font.setLetterSpacing(QFont::PercentageSpacing, face.pixels >= 20 ? 98 : 99);
  return font;
}

QFont Theme::mono(qreal pixelSize) const {
  QFont font(monoFamily());
  font.setPixelSize(px(pixelSize));
  font.setStyleHint(QFont::Monospace);
  return font;
}

int Theme::px(qreal designPixels) const {
  const int scaled = static_cast<int>(std::lround(designPixels * scale_));
  return designPixels > 0 ? std::max(1, scaled) : scaled;
}

void Theme::setReducedMotion(bool on) {
  if (reducedMotion_ == on) return;
  reducedMotion_ = on;
  emit changed();
}

QColor Theme::pinFill(int index) const { return QColor::fromRgba(kPinFill[slot(index, kPinFill.size())]); }

QColor Theme::pinStroke(int index) const {
  const Pair& pair = kPinStroke[slot(index, kPinStroke.size())];
  return QColor::fromRgba(dark() ? pair.dark : pair.light);
}

QString Theme::pinShape(int index) { return QString::fromUtf16(kPinShape[slot(index, kPinShape.size())]); }

QColor Theme::expertColor(int expert) const { return QColor::fromRgba(kExperts[slot(expert, kExperts.size())]); }

}  // namespace moe::ui
