// SPDX-License-Identifier: GPL-3.0-or-later
// What the studio carries inside its binary: the interface fonts under :/fonts and the app icon under :/icons.
#pragma once
#include <QStringList>

namespace moe::ui {

/// Family of the interface font (weights 400, 500, 600; all digits equally wide) and of code and tokens.
inline constexpr auto interfaceFontFamily = "MoE Sans";
inline constexpr auto codeFontFamily = "MoE Mono";
/// Resource path of the app icon, scalable.
inline constexpr auto appIconPath = ":/icons/org.moestudio.Studio.svg";

/// Registers the embedded fonts with QFontDatabase; call once, after QGuiApplication was made. Returns the families
/// that are now there: empty when the build found no font packages, and callers then fall back to a system font.
QStringList loadInterfaceFonts();

}  // namespace moe::ui
